// Every op that programs use, in ONNX nodes: those that are elementwise or change shapes here, the others in the files
// beside this one. The names are TensorFlow's.

import { closedShape, elementCount, type Op, type Value } from '../program/program.ts';
import { flagAttribute } from '../program/read-attributes.ts';
import { CONVOLUTION_WRITERS } from './convolution-writers.ts';
import { axisInLayout, inLayout, type Layout } from './layouts.ts';
import { NORMALIZATION_WRITERS } from './normalization-writers.ts';
import { inputAt, type Names, namesOf, outputAt } from './operands.ts';
import { POOLING_WRITERS } from './pooling-writers.ts';
import type { StepWriter, WriteOp } from './step-writer.ts';
import { UPDATE_WRITERS } from './update-writers.ts';

/** The layout of the largest operand: the others cost less to transpose. */
function commonLayout(step: StepWriter, values: readonly Value[]): Layout {
  const size = (value: Value) => elementCount(closedShape(value));
  const [largest] = values.filter(({ shape }) => shape.length === 4).toSorted((a, b) => size(b) - size(a));
  return largest === undefined ? 'tensorflow' : step.layoutOf(largest);
}

/** The operands of an elementwise op, all in one layout, and its output to be written. */
function elementwiseOperands(step: StepWriter, op: Op) {
  const output = outputAt(op, 0);
  const layout = commonLayout(step, op.inputs);
  const operands = op.inputs.map((value) => step.operand(value, output.shape.length, layout));
  return { operands, write: (name: string) => step.write(output, name, layout) };
}

/** An elementwise op of any number of inputs, which one node computes. */
const node =
  (opType: string): WriteOp =>
  (step, op) => {
    const { operands, write } = elementwiseOperands(step, op);
    write(step.node(opType, operands));
  };

/** An elementwise op of so many inputs. */
const elementwise =
  <N extends number>(count: N, toNode: (step: StepWriter, operands: Names<N>) => string): WriteOp =>
  (step, op) => {
    const { operands, write } = elementwiseOperands(step, op);
    write(toNode(step, namesOf(op, operands, count)));
  };

/** The writer of a gradient that is dy where a condition on y holds, else 0. */
const gated = (gate: (step: StepWriter, y: string) => string): WriteOp =>
  elementwise(2, (step, [dy, y]) =>
    step.node('Mul', [dy, step.node('Cast', [gate(step, y)], { to: FLOAT })]),
  );
/** The number of float32 in ONNX's `TensorProto.DataType`. */
const FLOAT = 1;

const above = (step: StepWriter, x: string, limit: number) =>
  step.node('Greater', [x, step.graph.scalar(limit)]);

const matrixProduct: WriteOp = (step, op) => {
  const attributes = {
    transA: Number(flagAttribute(op, 'transpose_a')),
    transB: Number(flagAttribute(op, 'transpose_b')),
  };
  const inputs = [step.read(inputAt(op, 0)), step.read(inputAt(op, 1))];
  step.write(outputAt(op, 0), step.node('Gemm', inputs, attributes));
};

/** `Sum` and `Mean` over constant axes. */
const reduction =
  (kind: 'Sum' | 'Mean'): WriteOp =>
  (step, op) => {
    const x = inputAt(op, 0);
    const rank = x.shape.length;
    const keeps = flagAttribute(op, 'keep_dims');
    const axes = step.numbers(inputAt(op, 1));
    const wish = step.layoutOf(x);
    // Axes that stay must come out in TensorFlow's order where the result has another rank.
    const rest = inLayout(
      x.shape.map((_, axis) => axis),
      wish,
    ).filter((axis) => !axes.includes(axis));
    const layout =
      keeps || rest.every((axis, i) => i === 0 || axis > (rest[i - 1] ?? 0)) ? wish : 'tensorflow';
    const at = axes.map((axis) => axisInLayout(axis, rank, layout)).toSorted((a, b) => a - b);
    const keepdims = Number(keeps);
    const name =
      kind === 'Sum'
        ? step.node('ReduceSum', [step.read(x, layout), step.integers(at)], { keepdims })
        : step.node('ReduceMean', [step.read(x, layout)], { axes: at, keepdims });
    step.write(outputAt(op, 0), name, keeps ? layout : 'tensorflow');
  };

const broadcastTo: WriteOp = (step, op) => {
  const output = outputAt(op, 0);
  const x = inputAt(op, 0);
  const layout = step.layoutOf(x);
  const shape = step.integers(inLayout(closedShape(output), layout));
  step.write(output, step.node('Expand', [step.operand(x, output.shape.length, layout), shape]), layout);
};

/** An op along the last axis, the channels. */
const alongChannels =
  (write: (step: StepWriter, inputs: readonly string[], axis: number) => string): WriteOp =>
  (step, op) => {
    const output = outputAt(op, 0);
    const rank = output.shape.length;
    const operands = op.inputs.filter(({ shape }) => shape.length === rank);
    const layout = commonLayout(step, operands);
    const inputs = operands.map((value) => step.read(value, layout));
    step.write(output, write(step, inputs, axisInLayout(rank - 1, rank, layout)), layout);
  };

const pad: WriteOp = (step, op) => {
  const x = inputAt(op, 0);
  const layout = step.layoutOf(x);
  const table = step.numbers(inputAt(op, 1));
  const side = (offset: number) =>
    inLayout(
      x.shape.map((_, axis) => table[2 * axis + offset] ?? 0),
      layout,
    );
  const name = step.node('Pad', [step.read(x, layout), step.integers([...side(0), ...side(1)])]);
  step.write(outputAt(op, 0), name, layout);
};

const slice: WriteOp = (step, op) => {
  const x = inputAt(op, 0);
  const output = outputAt(op, 0);
  const layout = step.layoutOf(x);
  const begin = step.numbers(inputAt(op, 1));
  const end = closedShape(output).map((size, axis) => size + (begin[axis] ?? 0));
  const bounds = [begin, end].map((list) => step.integers(inLayout(list, layout)));
  step.write(output, step.node('Slice', [step.read(x, layout), ...bounds]), layout);
};

/** The loss of each sample, and its gradient by the logits, softmax - targets. */
const softmaxCrossEntropy: WriteOp = (step, op) => {
  const [logits, targets] = [step.read(inputAt(op, 0)), step.read(inputAt(op, 1))];
  const logProbabilities = step.node('LogSoftmax', [logits], { axis: 1 });
  const products = step.node('Mul', [targets, logProbabilities]);
  const sum = step.node('ReduceSum', [products, step.integers([1])], { keepdims: 0 });
  step.write(outputAt(op, 0), step.node('Neg', [sum]));
  step.write(outputAt(op, 1), step.node('Sub', [step.node('Exp', [logProbabilities]), targets]));
};

/** The writers of all ops by TensorFlow's name. */
const OP_WRITERS: Readonly<Record<string, WriteOp>> = {
  ...CONVOLUTION_WRITERS,
  ...NORMALIZATION_WRITERS,
  ...POOLING_WRITERS,
  ...UPDATE_WRITERS,
  MatMul: matrixProduct,
  SoftmaxCrossEntropyWithLogits: softmaxCrossEntropy,
  Relu: node('Relu'),
  Relu6: elementwise(1, (step, [x]) => step.node('Clip', [x, step.graph.scalar(0), step.graph.scalar(6)])),
  Sigmoid: node('Sigmoid'),
  Tanh: node('Tanh'),
  Erf: node('Erf'),
  Exp: node('Exp'),
  Sqrt: node('Sqrt'),
  Rsqrt: elementwise(1, (step, [x]) => step.node('Reciprocal', [step.node('Sqrt', [x])])),
  Square: elementwise(1, (step, [x]) => step.node('Mul', [x, x])),
  ReluGrad: gated((step, y) => above(step, y, 0)),
  Relu6Grad: gated((step, y) =>
    step.node('And', [above(step, y, 0), step.node('Less', [y, step.graph.scalar(6)])]),
  ),
  SigmoidGrad: elementwise(2, (step, [y, dy]) => {
    const slope = step.node('Mul', [y, step.node('Sub', [step.graph.scalar(1), y])]);
    return step.node('Mul', [dy, slope]);
  }),
  TanhGrad: elementwise(2, (step, [y, dy]) => {
    const slope = step.node('Sub', [step.graph.scalar(1), step.node('Mul', [y, y])]);
    return step.node('Mul', [dy, slope]);
  }),
  AddV2: node('Add'),
  Sub: node('Sub'),
  Mul: node('Mul'),
  RealDiv: node('Div'),
  Maximum: node('Max'),
  AddN: node('Sum'),
  Softmax: alongChannels((step, inputs, axis) => step.node('Softmax', inputs, { axis })),
  ConcatV2: alongChannels((step, inputs, axis) => step.node('Concat', inputs, { axis })),
  Sum: reduction('Sum'),
  Mean: reduction('Mean'),
  BroadcastTo: broadcastTo,
  Pad: pad,
  Slice: slice,
  Reshape(step, op) {
    const output = outputAt(op, 0);
    const shape = step.integers(closedShape(output));
    step.write(output, step.node('Reshape', [step.read(inputAt(op, 0)), shape]));
  },
};

/** What writes the ONNX nodes of an op. @throws {Error} For an op that has none: a defect. */
export function opWriter({ type }: Op): WriteOp {
  const write = OP_WRITERS[type];
  if (write === undefined) throw new Error(`There is no ONNX form of the op "${type}".`);
  return write;
}
