// TensorFlow ops as functions: attributes as TensorFlow spells them, output shapes computed. One line of arithmetic an op;
// gradients are in gradient-rules.ts.

import type { Padding, Pair } from '../../../core/network/description/layer.ts';
import { type Attributes, attr, type DataType, type Dimension, type Shape, type Value } from './program.ts';
import type { ProgramBuilder } from './program-builder.ts';

/** The type of the values that an op works on. */
const typeOf = ({ dtype }: Value): Attributes => ({ T: attr.type(dtype) });
const NHWC = attr.string('NHWC');

/** How a window slides over pictures. */
export interface Window {
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Rank-4 strides or window sizes. */
const spread = ([height, width]: Pair) => attr.ints([1, height, width, 1]);

const slide = (x: Value, { strides, padding }: Window): Attributes => ({
  ...typeOf(x),
  strides: spread(strides),
  padding: attr.string(padding.toUpperCase()),
  data_format: NHWC,
});

const convolution = (x: Value, window: Window): Attributes => ({
  ...slide(x, window),
  dilations: spread([1, 1]),
});

const pooling = (x: Value, poolSize: Pair, window: Window): Attributes => ({
  ...slide(x, window),
  ksize: spread(poolSize),
});

/** The dimension, which must be known: all but the batch are. @throws {Error} Where it is open or missing. */
export function known(dimension: Dimension | undefined): number {
  if (dimension === undefined || dimension === null) throw new Error('The dimension is open.');
  return dimension;
}

/** Size of the last axis. */
export const channelsOf = (value: Value): number => known(value.shape.at(-1));

/** Number of vectors along the last axis; open where the batch is. */
export const rowCount = (value: Value): Dimension =>
  value.shape
    .slice(0, -1)
    .reduce<Dimension>((product, n) => (product === null || n === null ? null : product * n), 1);

/** (n - 1) / n, or 1 for n of 1: takes Bessel's correction from a variance that `FusedBatchNormV3` has given. */
export const withoutBessel = (rows: number): number => Math.max(rows - 1, 1) / rows;

function slideShape(x: Value, kernel: Pair, { strides, padding }: Window, channels: number): Shape {
  const along = (axis: 0 | 1) => {
    const size = known(x.shape[axis + 1]);
    return padding === 'same'
      ? Math.ceil(size / strides[axis])
      : Math.floor((size - kernel[axis]) / strides[axis]) + 1;
  };
  return [x.shape[0] ?? null, along(0), along(1), channels];
}

/** The convolution of `[batch, h, w, in]` with a kernel `[kh, kw, in, out]`. */
export function conv2d(b: ProgramBuilder, x: Value, kernel: Value, window: Window): Value {
  const [height, width, , filters] = kernel.shape.map(known) as [number, number, number, number];
  const shape = slideShape(x, [height, width], window, filters);
  return b.op('Conv2D', [x, kernel], convolution(x, window), shape, x.dtype);
}

/** The depthwise convolution of `[batch, h, w, c]` with a kernel `[kh, kw, c, 1]`. */
export function depthwiseConv2d(b: ProgramBuilder, x: Value, kernel: Value, window: Window): Value {
  const [height, width] = kernel.shape.map(known) as [number, number];
  const shape = slideShape(x, [height, width], window, channelsOf(x));
  return b.op('DepthwiseConv2dNative', [x, kernel], convolution(x, window), shape, x.dtype);
}

/** The maximum over each window of `[batch, h, w, c]`. */
export function maxPool(b: ProgramBuilder, x: Value, poolSize: Pair, window: Window): Value {
  const shape = slideShape(x, poolSize, window, channelsOf(x));
  return b.op('MaxPool', [x], pooling(x, poolSize, window), shape, x.dtype);
}

/** The mean over each window of `[batch, h, w, c]`; zeros of the padding do not count. */
export function averagePool(b: ProgramBuilder, x: Value, poolSize: Pair, window: Window): Value {
  const shape = slideShape(x, poolSize, window, channelsOf(x));
  return b.op('AvgPool', [x], pooling(x, poolSize, window), shape, x.dtype);
}

/** The gradient of {@link averagePool} by its input, whose shape is given as a tensor too. */
export function averagePoolGradient(
  b: ProgramBuilder,
  shapeValue: Value,
  dy: Value,
  shape: Shape,
  poolSize: Pair,
  window: Window,
): Value {
  return b.op('AvgPoolGrad', [shapeValue, dy], pooling(dy, poolSize, window), shape, dy.dtype);
}

/** The product of two matrices, each transposed before where the options say so: `[m, k]` × `[k, n]`. */
export function matMul(
  b: ProgramBuilder,
  x: Value,
  y: Value,
  {
    transposeX = false,
    transposeY = false,
  }: { readonly transposeX?: boolean; readonly transposeY?: boolean } = {},
): Value {
  const attributes = { ...typeOf(x), transpose_a: attr.bool(transposeX), transpose_b: attr.bool(transposeY) };
  const shape = [x.shape[transposeX ? 1 : 0] ?? null, y.shape[transposeY ? 0 : 1] ?? null];
  return b.op('MatMul', [x, y], attributes, shape, x.dtype);
}

/** `x` plus `bias` `[channels]`, along the last axis. */
export const biasAdd = (b: ProgramBuilder, x: Value, bias: Value): Value =>
  b.op('BiasAdd', [x, bias], { ...typeOf(x), data_format: NHWC }, x.shape, x.dtype);

type UnaryOp =
  | 'Relu'
  | 'Relu6'
  | 'Sigmoid'
  | 'Tanh'
  | 'Erf'
  | 'Exp'
  | 'Floor'
  | 'Rsqrt'
  | 'Sqrt'
  | 'Square'
  | 'Softmax';

/** An op of one input whose output has its shape. `Softmax` is along the last axis. */
export const unary = (b: ProgramBuilder, type: UnaryOp, x: Value): Value =>
  b.op(type, [x], typeOf(x), x.shape, x.dtype);

type BinaryOp = 'AddV2' | 'Sub' | 'Mul' | 'RealDiv' | 'Maximum' | 'Minimum';

function broadcastShapes(x: Shape, y: Shape): Shape {
  const rank = Math.max(x.length, y.length);
  const at = (shape: Shape, axis: number) => {
    const size = shape[axis - rank + shape.length];
    return size === undefined ? 1 : size;
  };
  return Array.from({ length: rank }, (_, axis) => (at(x, axis) === 1 ? at(y, axis) : at(x, axis)));
}

/** An elementwise op of two inputs, with NumPy's broadcasting. */
export const binary = (b: ProgramBuilder, type: BinaryOp, x: Value, y: Value): Value =>
  b.op(type, [x, y], typeOf(x), broadcastShapes(x.shape, y.shape), x.dtype);

/** Where `x` is finite, bool of the shape of `x`. */
export const isFiniteAt = (b: ProgramBuilder, x: Value): Value =>
  b.op('IsFinite', [x], typeOf(x), x.shape, 'bool');

/** Whether `x` is at least `y`, both `[]`. */
export const isAtLeast = (b: ProgramBuilder, x: Value, y: Value): Value =>
  b.op('GreaterEqual', [x, y], typeOf(x), [], 'bool');

/** `x` where the condition, a bool `[]`, holds, else `y`, of the same shape. What is not chosen may be no number. */
export const select = (b: ProgramBuilder, condition: Value, x: Value, y: Value): Value =>
  b.op('Select', [condition, x, y], typeOf(x), x.shape, x.dtype);

/** Half the sum of all squares, `[]`. */
export const halfSumOfSquares = (b: ProgramBuilder, x: Value): Value =>
  b.op('L2Loss', [x], typeOf(x), [], x.dtype);

/** The rows of `x` at `indices` (int32), along the first axis. */
export const gather = (b: ProgramBuilder, x: Value, indices: Value): Value =>
  b.op(
    'GatherV2',
    [x, indices, b.constant([0], [], 'int32')],
    {
      Tparams: attr.type(x.dtype),
      Tindices: attr.type('int32'),
      Taxis: attr.type('int32'),
      batch_dims: attr.int(0),
    },
    [...indices.shape, ...x.shape.slice(1)],
    x.dtype,
  );

/**
 * Pictures resampled bilinearly through affine maps; beyond the edges, the outermost pixels go on.
 *
 * @param x float32 `[batch, h, w, c]`.
 * @param transforms `[batch, 8]`: the pixel (column, row) of the output is read at
 * (a0 column + a1 row + a2, b0 column + b1 row + b2); two zeros follow.
 */
export const projectiveTransform = (
  b: ProgramBuilder,
  x: Value,
  transforms: Value,
  { height, width }: { readonly height: number; readonly width: number },
): Value =>
  b.op(
    'ImageProjectiveTransformV3',
    [x, transforms, b.constant([height, width], [2], 'int32'), b.scalar(0)],
    { dtype: attr.type(x.dtype), interpolation: attr.string('BILINEAR'), fill_mode: attr.string('NEAREST') },
    [x.shape[0] ?? null, height, width, channelsOf(x)],
    x.dtype,
  );

/** The gradient ops of activations: dy and what the forward op gave (for `Relu6Grad` and `ReluGrad` that too). */
export function activationGradient(
  b: ProgramBuilder,
  type: 'ReluGrad' | 'Relu6Grad' | 'SigmoidGrad' | 'TanhGrad',
  y: Value,
  dy: Value,
): Value {
  const inputs = type === 'SigmoidGrad' || type === 'TanhGrad' ? [y, dy] : [dy, y];
  return b.op(type, inputs, typeOf(y), y.shape, y.dtype);
}

/** `Sum` or `Mean` over axes; with `keepDims` they stay as 1. */
export function reduce(
  b: ProgramBuilder,
  type: 'Sum' | 'Mean',
  x: Value,
  axes: readonly number[],
  keepDims = false,
): Value {
  const positive = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  const shape = keepDims
    ? x.shape.map((n, axis) => (positive.includes(axis) ? 1 : n))
    : x.shape.filter((_, axis) => !positive.includes(axis));
  const attributes = { ...typeOf(x), Tidx: attr.type('int32'), keep_dims: attr.bool(keepDims) };
  return b.op(type, [x, b.constant(positive, [positive.length], 'int32')], attributes, shape, x.dtype);
}

/** The transposed matrix: `[rows, columns]` to `[columns, rows]`. */
export function transpose(b: ProgramBuilder, x: Value): Value {
  const axes = b.constant([1, 0], [2], 'int32');
  return b.op(
    'Transpose',
    [x, axes],
    { ...typeOf(x), Tperm: attr.type('int32') },
    x.shape.toReversed(),
    x.dtype,
  );
}

/** The same values in another shape, of which at most one dimension, the batch, may be open. */
export function reshape(b: ProgramBuilder, x: Value, shape: Shape): Value {
  if (x.shape.length === shape.length && x.shape.every((n, axis) => n === shape[axis])) return x;
  const target = b.constant(
    shape.map((n) => n ?? -1),
    [shape.length],
    'int32',
  );
  return b.op('Reshape', [x, target], { ...typeOf(x), Tshape: attr.type('int32') }, shape, x.dtype);
}

/** The shape of a value as a tensor: a constant where it is known, read at run time where the batch is open. */
export function shapeTensor(b: ProgramBuilder, x: Value): Value {
  if (x.shape.every((n) => n !== null)) return b.constant(x.shape.map(known), [x.shape.length], 'int32');
  return b.op('Shape', [x], { ...typeOf(x), out_type: attr.type('int32') }, [x.shape.length], 'int32');
}

/** The number of values of `x` as a float32 scalar, read at run time. */
export function sizeTensor(b: ProgramBuilder, x: Value): Value {
  return cast(b, b.op('Size', [x], { ...typeOf(x), out_type: attr.type('int32') }, [], 'int32'), 'float32');
}

/** `x` repeated along its axes of size 1 to the shape of `like`. */
export function broadcastTo(b: ProgramBuilder, x: Value, like: Value): Value {
  const attributes = { ...typeOf(x), Tidx: attr.type('int32') };
  return b.op('BroadcastTo', [x, shapeTensor(b, like)], attributes, like.shape, x.dtype);
}

/** The same values in another type, rounded where it has fewer bits. */
export const cast = (b: ProgramBuilder, x: Value, dtype: DataType): Value =>
  x.dtype === dtype
    ? x
    : b.op('Cast', [x], { SrcT: attr.type(x.dtype), DstT: attr.type(dtype) }, x.shape, dtype);

/** `x` with zeros before and after, for each axis. */
export function pad(b: ProgramBuilder, x: Value, paddings: readonly Pair[]): Value {
  const table = b.constant(paddings.flat(), [paddings.length, 2], 'int32');
  const shape = x.shape.map((n, axis) =>
    n === null ? n : n + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0),
  );
  return b.op('Pad', [x, table], { ...typeOf(x), Tpaddings: attr.type('int32') }, shape, x.dtype);
}

/** From `begin`, `size` values along each axis; a size of -1 is all that follow. */
export function slice(b: ProgramBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const shape = x.shape.map((n, axis) =>
    size[axis] === -1 ? (n === null ? n : n - (begin[axis] ?? 0)) : known(size[axis]),
  );
  const bounds = [begin, size].map((list) => b.constant(list, [list.length], 'int32'));
  return b.op('Slice', [x, ...bounds], { ...typeOf(x), Index: attr.type('int32') }, shape, x.dtype);
}

/** The values one after another along the last axis. @throws {Error} Where there are none. */
export function concatenate(b: ProgramBuilder, values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) throw new Error('There is nothing to concatenate.');
  const rank = first.shape.length;
  const axis = b.constant([rank - 1], [], 'int32');
  const shape = [...first.shape.slice(0, -1), values.reduce((sum, value) => sum + channelsOf(value), 0)];
  const attributes = { ...typeOf(first), N: attr.int(values.length), Tidx: attr.type('int32') };
  return b.op('ConcatV2', [...values, axis], attributes, shape, first.dtype);
}

/** Parts of equal size one after another along the first axis, the batch; each part has `samples` of it. */
export function splitBatch(b: ProgramBuilder, x: Value, parts: number, samples: number): readonly Value[] {
  const shape = [samples, ...x.shape.slice(1)];
  return b.emit(
    'Split',
    [b.constant([0], [], 'int32'), x],
    { ...typeOf(x), num_split: attr.int(parts) },
    Array.from({ length: parts }, () => ({ shape, dtype: x.dtype })),
  );
}

/** The values one after another along the first axis, the batch: what {@link splitBatch} has split. @throws {Error} Where there are none. */
export function joinBatch(b: ProgramBuilder, parts: readonly Value[]): Value {
  const [first] = parts;
  if (first === undefined) throw new Error('There is nothing to join.');
  const samples = parts.reduce((sum, { shape }) => sum + known(shape[0]), 0);
  const attributes = { ...typeOf(first), N: attr.int(parts.length), Tidx: attr.type('int32') };
  return b.op(
    'ConcatV2',
    [...parts, b.constant([0], [], 'int32')],
    attributes,
    [samples, ...first.shape.slice(1)],
    first.dtype,
  );
}

/** The `count` channels from `from` on, `[…, count]`. */
export const sliceChannels = (b: ProgramBuilder, x: Value, from: number, count: number): Value =>
  slice(
    b,
    x,
    x.shape.map((_, axis) => (axis === x.shape.length - 1 ? from : 0)),
    x.shape.map((_, axis) => (axis === x.shape.length - 1 ? count : -1)),
  );

/** The sum of values of one shape. */
export function addN(b: ProgramBuilder, values: readonly [Value, ...Value[]]): Value {
  const [x, y] = values;
  if (y === undefined) return x;
  if (values.length === 2) return binary(b, 'AddV2', x, y);
  return b.op('AddN', values, { ...typeOf(x), N: attr.int(values.length) }, x.shape, x.dtype);
}

/** The settings of {@link localResponseNormalization}, named as in TensorFlow. */
export interface LocalResponseOptions {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/**
 * Local response normalization over the channels of `[batch, h, w, c]` (Krizhevsky et al. 2012):
 * `x / (bias + alpha * sum)^beta`, with the sum of the squares of the channel and of `depthRadius` channels on each side.
 */
export const localResponseNormalization = (b: ProgramBuilder, x: Value, o: LocalResponseOptions): Value =>
  b.op(
    'LRN',
    [x],
    {
      ...typeOf(x),
      depth_radius: attr.int(o.depthRadius),
      bias: attr.float(o.bias),
      alpha: attr.float(o.alpha),
      beta: attr.float(o.beta),
    },
    x.shape,
  );

/** The outputs of `FusedBatchNormV3`. */
export interface BatchNormalizationOutputs {
  readonly y: Value;
  /** The batch's mean, `[channels]`. */
  readonly mean: Value;
  /** The batch's variance with Bessel's correction, `[channels]`. */
  readonly variance: Value;
}

/**
 * Batch normalization over all axes but the last of `[batch, h, w, c]`: by the statistics of the batch, or, where
 * `moving` is given, by those.
 */
export function batchNormalization(
  b: ProgramBuilder,
  x: Value,
  gamma: Value,
  beta: Value,
  options: { readonly epsilon: number; readonly moving?: { readonly mean: Value; readonly variance: Value } },
): BatchNormalizationOutputs {
  const empty = b.constant([], [0]);
  const { mean = empty, variance = empty } = options.moving ?? {};
  const attributes = {
    ...typeOf(x),
    U: attr.type('float32'),
    epsilon: attr.float(options.epsilon),
    exponential_avg_factor: attr.float(1),
    data_format: NHWC,
    is_training: attr.bool(options.moving === undefined),
  };
  const perChannel = { shape: [channelsOf(x)] };
  const [y, batchMean, batchVariance] = b.emit(
    'FusedBatchNormV3',
    [x, gamma, beta, mean, variance],
    attributes,
    [{ shape: x.shape, dtype: x.dtype }, perChannel, perChannel, perChannel, perChannel, { shape: [0] }],
  );
  if (!y || !batchMean || !batchVariance) throw new Error('FusedBatchNormV3 has no outputs.');
  return { y, mean: batchMean, variance: batchVariance };
}

/** Cross-entropy of each sample between softmax(logits) and the targets, both `[batch, classes]`, and its gradient. */
export function softmaxCrossEntropy(
  b: ProgramBuilder,
  logits: Value,
  targets: Value,
): readonly [Value, Value] {
  const [loss, gradient] = b.emit('SoftmaxCrossEntropyWithLogits', [logits, targets], typeOf(logits), [
    { shape: [logits.shape[0] ?? null] },
    { shape: logits.shape },
  ]);
  if (!loss || !gradient) throw new Error('SoftmaxCrossEntropyWithLogits has no outputs.');
  return [loss, gradient];
}
