// Gradients of convolutions by the filter in ONNX, which has no such node: products of dy with the input as each position
// of the filter sees it, or a convolution of the input with dy, whichever ONNX Runtime does faster.

import type { Pair } from '../../../core/network/description/layer.ts';
import { closedShape, elementCount, type Op, type Value } from '../program/program.ts';
import { convolutionWindow, filterShape, inputAt, outputAt, type SlidingWindow } from './operands.ts';
import type { StepWriter, WriteOp } from './step-writer.ts';

/** The two axes along which a window slides: the last two of `[a, b, h, w]`, or those between of `[n, h, w, c]`. */
type SlidingAxes = readonly [2, 3] | readonly [1, 2];

/** For each position of the filter, the pixels that it meets: one value for each of dy's. */
function seenBy(
  step: StepWriter,
  x: string,
  { size, strides, before, after, steps }: SlidingWindow,
  axes: SlidingAxes,
): readonly string[] {
  const around = (pair: Pair) => [0, 1, 2, 3].map((axis) => Math.max(pair[axis - axes[0]] ?? 0, 0));
  const zeros = [...around(before), ...around(after)];
  const whole = zeros.some((n) => n > 0) ? step.node('Pad', [x, step.integers(zeros)]) : x;
  if (elementCount(size) * elementCount(strides) === 1) return [whole];
  const end = (from: number, axis: 0 | 1) => from + (steps[axis] - 1) * strides[axis] + 1;
  return Array.from({ length: elementCount(size) }, (_, position) => {
    const [row, column] = [Math.floor(position / size[1]), position % size[1]];
    const bounds = [[row, column], [end(row, 0), end(column, 1)], axes, strides];
    return step.node('Slice', [whole, ...bounds.map(step.integers)]);
  });
}

const SWAP = { perm: [1, 0, 2, 3] };

/** A value `[n, c, h, w]` transposed to `[c, n, h, w]`, made once for all ops that read it so. */
const channelsOutside = (step: StepWriter, value: Value): string =>
  step.shared('channels outside', value, () => step.node('Transpose', [step.read(value, 'nchw')], SWAP));

/**
 * A picture `[a, b, h, w]` convolved with dy as the filter, in so many groups, gives one value for each position of the
 * filter of which dy is the gradient.
 */
function correlate(
  step: StepWriter,
  x: string,
  dy: string,
  { before, after, strides, steps, height, width }: SlidingWindow,
  group: number,
): string {
  const ends = [height + Math.min(after[0], 0), width + Math.min(after[1], 0)];
  const isCut = after.some((n) => n < 0);
  const seen = isCut ? step.node('Slice', [x, ...[[0, 0], ends, [2, 3]].map(step.integers)]) : x;
  return step.node('Conv', [seen, dy], {
    kernel_shape: steps,
    dilations: strides,
    pads: [...before, ...after.map((n) => Math.max(n, 0))],
    group,
  });
}

/** Where the filter has more positions than inputs: one convolution, batch and channels swapped. */
function byConvolution(step: StepWriter, op: Op, x: Value, dy: Value): string {
  const { window } = convolutionWindow(op, x, outputAt(op, 0));
  const swapped = correlate(step, channelsOutside(step, x), channelsOutside(step, dy), window, 1);
  return step.node('Transpose', [swapped], SWAP);
}

/** One product `[out, pixels]` × `[pixels, in]` for each position. */
function byProducts(step: StepWriter, op: Op, x: Value, dy: Value): string {
  const [height, width, inputs, outputs] = filterShape(outputAt(op, 0));
  const { window } = convolutionWindow(op, x, outputAt(op, 0));
  const pixels = elementCount(closedShape(dy)) / outputs;
  const matrix = (name: string, rows: number) => step.node('Reshape', [name, step.integers([rows, pixels])]);
  const gradient = matrix(channelsOutside(step, dy), outputs);
  const positions = seenBy(step, channelsOutside(step, x), window, [2, 3]).map((seen) => {
    const product = step.node('Gemm', [gradient, matrix(seen, inputs)], { transB: 1 });
    return step.node('Reshape', [product, step.integers([outputs, inputs, 1])]);
  });
  return step.node('Reshape', [
    step.node('Concat', positions, { axis: 2 }),
    step.integers([outputs, inputs, height, width]),
  ]);
}

/** Inputs: x, shape of the filter, dy. */
export const filterGradient: WriteOp = (step, op) => {
  const [x, dy, filter] = [inputAt(op, 0), inputAt(op, 2), outputAt(op, 0)];
  const [height, width, inputs] = filterShape(filter);
  // Products with few columns waste most of a vector.
  const write = height * width > inputs ? byConvolution : byProducts;
  step.write(filter, write(step, op, x, dy), 'oihw');
};

/** With at least so many channels for each column, copies of pictures with the channels last are the faster ones. */
const MANY_CHANNELS = 8;

/** For each position of the filter a sum of products for each channel. */
function depthwiseBySums(step: StepWriter, op: Op, x: Value, dy: Value): string {
  const [height, width, channels] = filterShape(outputAt(op, 0));
  const { window } = convolutionWindow(op, x, outputAt(op, 0));
  const isLast = channels >= MANY_CHANNELS * window.width;
  const [layout, axes, rest] = isLast
    ? (['tensorflow', [1, 2], [0, 1, 2]] as const)
    : (['nchw', [2, 3], [0, 2, 3]] as const);
  const gradient = step.read(dy, layout);
  const positions = seenBy(step, step.read(x, layout), window, axes).map((seen) => {
    const products = step.node('Mul', [seen, gradient]);
    const sums = step.node('ReduceSum', [products, step.integers(rest)], { keepdims: 0 });
    return step.node('Reshape', [sums, step.integers([1, channels, 1])]);
  });
  const shape = step.integers([1, channels, height, width]);
  return step.node('Reshape', [step.node('Concat', positions, { axis: 2 }), shape]);
}

/** A convolution for each channel of each sample, and their sum. */
function depthwiseByConvolution(step: StepWriter, op: Op, x: Value, dy: Value): string {
  const [height, width, channels] = filterShape(outputAt(op, 0));
  const { window } = convolutionWindow(op, x, outputAt(op, 0));
  const [batch = 1] = closedShape(x);
  const pictures = [1, batch * channels, window.height, window.width];
  const seen = step.node('Reshape', [step.read(x, 'nchw'), step.integers(pictures)]);
  const filters = [batch * channels, 1, ...window.steps];
  const gradient = step.node('Reshape', [step.read(dy, 'nchw'), step.integers(filters)]);
  const each = correlate(step, seen, gradient, window, batch * channels);
  const samples = step.node('Reshape', [each, step.integers([batch, channels, height, width])]);
  return step.node('ReduceSum', [samples, step.integers([0])]);
}

/** Inputs as {@link filterGradient}'s. */
export const depthwiseFilterGradient: WriteOp = (step, op) => {
  const [x, dy, filter] = [inputAt(op, 0), inputAt(op, 2), outputAt(op, 0)];
  const { window } = convolutionWindow(op, x, filter);
  const [, , channels] = filterShape(filter);
  // Copies of every other value are slow where the values of a row are neighbors.
  const isSpread = elementCount(window.strides) > 1 && channels < MANY_CHANNELS * window.width;
  const write = isSpread ? depthwiseByConvolution : depthwiseBySums;
  step.write(filter, write(step, op, x, dy), 'oihw');
};
