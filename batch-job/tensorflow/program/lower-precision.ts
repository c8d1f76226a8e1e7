// Mixed precision: a program rewritten so that convolutions, matrix products and what moves their values compute in 16 bits.
// Variables, their gradients, statistics of batches, reductions, the loss and softmax stay float32 (Micikevicius et al. 2018).

import { cast } from './ops.ts';
import { type Attributes, attr, type LowPrecision, type Op, type Program, type Value } from './program.ts';
import { createProgramBuilder } from './program-builder.ts';
import { copySources } from './rewrite-program.ts';

/** Ops that are worth 16 bits whatever they are given. */
const LOW_OPS: ReadonlySet<string> = new Set([
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
  'MatMul',
]);

/** Ops that lose nothing by 16 bits, and gain where one of their inputs has no more. */
const FOLLOWING_OPS: ReadonlySet<string> = new Set([
  'AddN',
  'AddV2',
  'AvgPool',
  'AvgPoolGrad',
  'BiasAdd',
  'BiasAddGrad',
  'BroadcastTo',
  'ConcatV2',
  'FusedBatchNormGradV3',
  'FusedBatchNormV3',
  'MaxPool',
  'MaxPoolGrad',
  'Mul',
  'Pad',
  'Relu',
  'Relu6',
  'Relu6Grad',
  'ReluGrad',
  'Reshape',
  'Sigmoid',
  'SigmoidGrad',
  'Slice',
  'Tanh',
  'TanhGrad',
  'Transpose',
]);

/** Ops that ask of a value its shape alone. */
const SHAPE_OPS: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** How many inputs and outputs, from the first, are in 16 bits; by default all. Scales and statistics stay float32. */
const LOW_INPUTS: Readonly<Record<string, number>> = { FusedBatchNormV3: 1, FusedBatchNormGradV3: 2 };
const LOW_OUTPUTS: Readonly<Record<string, number>> = { FusedBatchNormV3: 1, FusedBatchNormGradV3: 1 };

/** A value of the old program in the new one: as it was made, and in the other type once that is asked for. */
interface Twin {
  readonly made: Value;
  other?: Value;
}

/** Which type a program computes in, and which values stay float32. */
export interface LowerPrecisionOptions {
  readonly type: LowPrecision;
  /** Values that are float32 for all that read them, e.g. the gradients of variables. */
  readonly float32: ReadonlySet<Value>;
}

/**
 * The program in mixed precision. Its inputs, variables and outputs keep their types.
 *
 * @throws {Error} Where an op reads a value that no op before it has made: a defect of the program.
 */
export function lowerPrecision(program: Program, { type, float32 }: LowerPrecisionOptions): Program {
  const b = createProgramBuilder();
  const { values, variables } = copySources(b, program);
  const twins = new Map<Value, Twin>([...values].map(([value, made]) => [value, { made }]));
  const twinOf = (value: Value): Twin => {
    const twin = twins.get(value);
    if (twin === undefined) throw new Error(`Value ${value.id} is read before it is made.`);
    return twin;
  };
  const inType = (value: Value, dtype: 'float32' | LowPrecision): Value => {
    const twin = twinOf(value);
    const { made } = twin;
    if (made.dtype === dtype || (made.dtype !== 'float32' && made.dtype !== type)) return made;
    twin.other ??= cast(b, made, dtype);
    return twin.other;
  };
  const isLow = (value: Value) => twins.get(value)?.made.dtype === type;

  for (const op of program.ops) {
    const touched = op.inputs.flatMap((value) => variables.get(value) ?? []);
    const [variable] = touched;
    if (op.outputs.length === 0) {
      const given = op.inputs.filter((value) => !variables.has(value));
      b.assign(
        op.type,
        touched,
        given.map((value) => inType(value, 'float32')),
        op.attributes,
      );
      continue;
    }
    if (variable !== undefined) {
      for (const output of op.outputs) twins.set(output, { made: b.read(variable) });
      continue;
    }
    const lowers = LOW_OPS.has(op.type) || (FOLLOWING_OPS.has(op.type) && op.inputs.some(isLow));
    const inputs = SHAPE_OPS.has(op.type)
      ? op.inputs.map((value) => twinOf(value).made)
      : op.inputs.map((value, i) =>
          inType(value, lowers && i < (LOW_INPUTS[op.type] ?? Infinity) ? type : 'float32'),
        );
    const made = b.emit(
      op.type,
      inputs,
      attributesOf(op, inputs, lowers ? type : undefined),
      outputsOf(op, lowers, type),
    );
    op.outputs.forEach((output, i) => {
      const value = made[i];
      if (value === undefined) return;
      twins.set(output, { made: float32.has(output) ? cast(b, value, 'float32') : value });
    });
  }
  for (const [name, value] of program.outputs) b.output(name, inType(value, 'float32'));
  return b.build();
}

function attributesOf(op: Op, inputs: readonly Value[], type: LowPrecision | undefined): Attributes {
  if (type !== undefined) return { ...op.attributes, T: attr.type(type) };
  const [x] = inputs;
  return SHAPE_OPS.has(op.type) && x !== undefined
    ? { ...op.attributes, T: attr.type(x.dtype) }
    : op.attributes;
}

const outputsOf = (op: Op, lowers: boolean, type: LowPrecision) =>
  op.outputs.map(({ shape, dtype }, i) => ({
    shape,
    dtype: lowers && i < (LOW_OUTPUTS[op.type] ?? Infinity) ? type : dtype,
  }));
