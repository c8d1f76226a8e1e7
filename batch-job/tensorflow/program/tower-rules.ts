// How each op is spread over towers: every tower computes its samples or its term of a sum, or the op runs once for all.

import { gather, joinBatch } from './ops.ts';
import type { Value } from './program.ts';
import { flagAttribute } from './read-attributes.ts';
import { column, inputAt, onEach, type Spread, type TowerContext, valueAt, wholeOf } from './spread.ts';
import { normalizationGradients, normalizeTogether, usesBatchStatistics } from './tower-normalization.ts';

/** Gives what becomes of the op's outputs, in their order. */
type TowerRule = (context: TowerContext) => readonly Spread[];

/** Every tower runs the op on its samples. @returns The outputs, by output and tower. */
function runOnEach(context: TowerContext): readonly (readonly Value[])[] {
  const { b, op, inputs } = context;
  const made = onEach(context, (tower) =>
    b.emit(
      op.type,
      inputs.map((input) => valueAt(b, input, tower)),
      op.attributes,
      op.outputs,
    ),
  );
  return op.outputs.map((_, index) => column(made, index));
}

const each: TowerRule = (context) => runOnEach(context).map((shares) => ({ shares }));
const summed: TowerRule = (context) => runOnEach(context).map((terms) => ({ terms }));

const runOnce: TowerRule = ({ b, op, inputs }) =>
  b
    .emit(
      op.type,
      inputs.map((input) => wholeOf(b, input)),
      op.attributes,
      op.outputs,
    )
    .map((whole) => ({ whole }));

/** Reductions: over the samples, each tower has a term; over other axes, each has its samples. */
const reduction: TowerRule = (context) => {
  const { b, op } = context;
  const axes = b.constantOf(wholeOf(b, inputAt(context, 1)));
  if (axes === undefined) throw new Error(`${op.type} has no constant axes.`);
  if (!axes.includes(0)) return each(context);
  if (op.type !== 'Sum') throw new Error(`${op.type} over a batch cannot be spread over towers.`);
  return summed(context);
};

/** A product over the samples, or one for each sample. */
const product: TowerRule = (context) => (flagAttribute(context.op, 'transpose_a') ? summed : each)(context);

const normalization: TowerRule = (context) =>
  (usesBatchStatistics(context) ? normalizeTogether : each)(context);

/** Rows of the whole batch, which the first device collects. */
const gathering: TowerRule = (context) => {
  const { b } = context;
  const towers = Array.from({ length: context.towers }, (_, tower) => tower);
  const at = (index: number, tower: number) => valueAt(b, inputAt(context, index), tower);
  const rows = joinBatch(
    b,
    towers.map((tower) => at(0, tower)),
  );
  return [{ shares: towers.map((tower) => gather(b, rows, at(1, tower))) }];
};

const ofSamples = (...types: readonly string[]): Readonly<Record<string, TowerRule>> =>
  Object.fromEntries(types.map((type) => [type, each]));

/** The rules for ops that read samples, by TensorFlow's op name. */
const TOWER_RULES: Readonly<Record<string, TowerRule>> = {
  ...ofSamples(
    'Conv2D',
    'Conv2DBackpropInput',
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
  ),
  ...ofSamples('AvgPool', 'AvgPoolGrad', 'MaxPool', 'MaxPoolGrad', 'LRN', 'LRNGrad'),
  ...ofSamples(
    'BiasAdd',
    'Relu',
    'ReluGrad',
    'Relu6',
    'Relu6Grad',
    'Sigmoid',
    'SigmoidGrad',
    'Tanh',
    'TanhGrad',
  ),
  ...ofSamples('Erf', 'Exp', 'Floor', 'Rsqrt', 'Sqrt', 'Square', 'Softmax', 'SoftmaxCrossEntropyWithLogits'),
  ...ofSamples('AddN', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'Cast'),
  // They leave the batch as it is.
  ...ofSamples('BroadcastTo', 'ConcatV2', 'Pad', 'Reshape', 'Slice', 'ImageProjectiveTransformV3'),
  Conv2DBackpropFilter: summed,
  DepthwiseConv2dNativeBackpropFilter: summed,
  BiasAddGrad: summed,
  MatMul: product,
  Sum: reduction,
  Mean: reduction,
  GatherV2: gathering,
  FusedBatchNormV3: normalization,
  FusedBatchNormGradV3: normalizationGradients,
};

/**
 * Appends what towers do in the place of an op.
 *
 * @throws {Error} For an op on samples that has no rule.
 */
export function spreadOp(context: TowerContext): readonly Spread[] {
  const { op, inputs } = context;
  const [first] = inputs;
  // Gradients of variables in 16 bits are added in 32.
  if (op.type === 'Cast' && first !== undefined && 'terms' in first)
    return summed({ ...context, inputs: [{ shares: first.terms }] });
  if (!inputs.some((input) => 'shares' in input)) return runOnce(context);
  const rule = TOWER_RULES[op.type];
  if (rule === undefined) throw new Error(`There is no rule by which towers share the op ${op.type}.`);
  return rule(context);
}
