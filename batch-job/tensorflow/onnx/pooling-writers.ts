// Poolings and their gradients in ONNX.

import { closedShape, elementCount, type Op, type Value } from '../program/program.ts';
import { pairAttribute } from '../program/read-attributes.ts';
import { inputAt, outputAt, type SlidingWindow, slidingWindow, transposedAttributes } from './operands.ts';
import type { WriteOp } from './step-writer.ts';

const windowOf = (op: Op, x: Value) => slidingWindow(op, x, pairAttribute(op, 'ksize'));

/** The purpose under which the second output of ONNX's MaxPool is shared: the index of each maximum in the whole input. */
const INDICES = 'indices';

const maxPool: WriteOp = (step, op) => {
  const [x, y] = [inputAt(op, 0), outputAt(op, 0)];
  const inputs = [step.read(x, 'nchw')];
  const { attributes } = windowOf(op, x);
  const hasGradient = step.program.ops.some((other) => other.type === 'MaxPoolGrad' && other.inputs[1] === y);
  if (!hasGradient) return step.write(y, step.node('MaxPool', inputs, attributes), 'nchw');
  const [name, indices] = step.graph.nodeOfTwo('MaxPool', inputs, { name: 'MaxPool', attributes });
  step.shared(INDICES, y, () => indices);
  step.write(y, name, 'nchw');
};

/** Inputs x, y, dy: each window gives its dy to the first of its largest values, as TensorFlow does. */
const maxPoolGradient: WriteOp = (step, op) => {
  const [x, y, dy, dx] = [inputAt(op, 0), inputAt(op, 1), inputAt(op, 2), outputAt(op, 0)];
  const [batch = 1, height = 1, width = 1, channels = 1] = closedShape(x);
  const flat = (name: string) => step.node('Reshape', [name, step.integers([-1])]);
  const zeros = step.node('Expand', [step.graph.scalar(0), step.integers([elementCount(closedShape(x))])]);
  const indices = step.shared(INDICES, y, () => {
    throw new Error('The pooling comes after its gradient.');
  });
  const inputs = [zeros, flat(indices), flat(step.read(dy, 'nchw'))];
  const sums = step.node('ScatterElements', inputs, { reduction: 'add' });
  const shape = step.integers([batch, channels, height, width]);
  step.write(dx, step.node('Reshape', [sums, shape]), 'nchw');
};

const averagePool: WriteOp = (step, op) => {
  const x = inputAt(op, 0);
  const { attributes } = windowOf(op, x);
  step.write(outputAt(op, 0), step.node('AveragePool', [step.read(x, 'nchw')], attributes), 'nchw');
};

/** How many values each window averages, `[1, 1, steps, steps]`: padded positions do not count. */
function sharesOf(x: Value, { size, strides, before, steps }: SlidingWindow): Float32Array {
  const [, height = 1, width = 1] = closedShape(x);
  const count = (step: number, axis: 0 | 1, n: number) => {
    const from = step * strides[axis] - before[axis];
    return Math.min(from + size[axis], n) - Math.max(from, 0);
  };
  return Float32Array.from(
    { length: elementCount(steps) },
    (_, i) => 1 / (count(Math.floor(i / steps[1]), 0, height) * count(i % steps[1], 1, width)),
  );
}

/** Inputs: shape of x, dy. */
const averagePoolGradient: WriteOp = (step, op) => {
  const [dy, dx] = [inputAt(op, 1), outputAt(op, 0)];
  const window = windowOf(op, dx);
  const [, , , channels = 1] = closedShape(dx);
  const shares = step.graph.constant('shares', sharesOf(dx, window), [1, 1, ...window.steps]);
  const ones = new Float32Array(channels * elementCount(window.size)).fill(1);
  const filter = step.graph.constant('ones', ones, [channels, 1, ...window.size]);
  const shared = step.node('Mul', [step.read(dy, 'nchw'), shares]);
  const attributes = transposedAttributes(window, channels);
  step.write(dx, step.node('ConvTranspose', [shared, filter], attributes), 'nchw');
};

/** The writers of poolings and their gradients, by TensorFlow's op name. */
export const POOLING_WRITERS: Readonly<Record<string, WriteOp>> = {
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGradient,
  AvgPool: averagePool,
  AvgPoolGrad: averagePoolGradient,
};
