// TensorFlow ops as functions: attributes as TensorFlow spells them, output shapes computed. One line of arithmetic an op;
// gradients are in gradient-rules.ts.

import type { Padding, Pair } from '../../../core/network/layer.ts';
import { type Attributes, attr, type Dimension, type Shape, type Value } from './program.ts';
import type { ProgramBuilder } from './program-builder.ts';

const FLOAT: Attributes = { T: attr.type('float32') };
const NHWC = attr.string('NHWC');

/** How a window slides. */
export interface Window {
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Rank-4 strides or window sizes. */
const spread = ([height, width]: Pair) => attr.ints([1, height, width, 1]);

const slide = ({ strides, padding }: Window): Attributes => ({
  ...FLOAT,
  strides: spread(strides),
  padding: attr.string(padding.toUpperCase()),
  data_format: NHWC,
});

const convolution = (window: Window): Attributes => ({ ...slide(window), dilations: spread([1, 1]) });

const pooling = (poolSize: Pair, window: Window): Attributes => ({
  ...slide(window),
  ksize: spread(poolSize),
});

/** A dimension that is known: all but the batch are. */
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

function slideShape(x: Value, kernel: Pair, { strides, padding }: Window, channels: number): Shape {
  const along = (axis: 0 | 1) => {
    const size = known(x.shape[axis + 1]);
    return padding === 'same'
      ? Math.ceil(size / strides[axis])
      : Math.floor((size - kernel[axis]) / strides[axis]) + 1;
  };
  return [x.shape[0] ?? null, along(0), along(1), channels];
}

/** `[batch, h, w, in]` with `[kh, kw, in, out]`. */
export function conv2d(b: ProgramBuilder, x: Value, kernel: Value, window: Window): Value {
  const [height, width, , filters] = kernel.shape.map(known) as [number, number, number, number];
  return b.op('Conv2D', [x, kernel], convolution(window), slideShape(x, [height, width], window, filters));
}

/** `[batch, h, w, c]` with `[kh, kw, c, 1]`. */
export function depthwiseConv2d(b: ProgramBuilder, x: Value, kernel: Value, window: Window): Value {
  const [height, width] = kernel.shape.map(known) as [number, number];
  const shape = slideShape(x, [height, width], window, channelsOf(x));
  return b.op('DepthwiseConv2dNative', [x, kernel], convolution(window), shape);
}

export function maxPool(b: ProgramBuilder, x: Value, poolSize: Pair, window: Window): Value {
  return b.op('MaxPool', [x], pooling(poolSize, window), slideShape(x, poolSize, window, channelsOf(x)));
}

export function averagePool(b: ProgramBuilder, x: Value, poolSize: Pair, window: Window): Value {
  return b.op('AvgPool', [x], pooling(poolSize, window), slideShape(x, poolSize, window, channelsOf(x)));
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
  return b.op('AvgPoolGrad', [shapeValue, dy], pooling(poolSize, window), shape);
}

export function matMul(
  b: ProgramBuilder,
  x: Value,
  y: Value,
  {
    transposeX = false,
    transposeY = false,
  }: { readonly transposeX?: boolean; readonly transposeY?: boolean } = {},
): Value {
  const attributes = { ...FLOAT, transpose_a: attr.bool(transposeX), transpose_b: attr.bool(transposeY) };
  const shape = [x.shape[transposeX ? 1 : 0] ?? null, y.shape[transposeY ? 0 : 1] ?? null];
  return b.op('MatMul', [x, y], attributes, shape);
}

export const biasAdd = (b: ProgramBuilder, x: Value, bias: Value): Value =>
  b.op('BiasAdd', [x, bias], { ...FLOAT, data_format: NHWC }, x.shape);

type UnaryOp =
  | 'Relu'
  | 'Relu6'
  | 'Sigmoid'
  | 'Tanh'
  | 'Erf'
  | 'Exp'
  | 'Rsqrt'
  | 'Sqrt'
  | 'Square'
  | 'Softmax';

/** An op of one input whose output has its shape. `Softmax` is along the last axis. */
export const unary = (b: ProgramBuilder, type: UnaryOp, x: Value): Value => b.op(type, [x], FLOAT, x.shape);

type BinaryOp = 'AddV2' | 'Sub' | 'Mul' | 'RealDiv' | 'Maximum';

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
  b.op(type, [x, y], FLOAT, broadcastShapes(x.shape, y.shape));

/** The gradient ops of activations: dy and what the forward op gave (for `Relu6Grad` and `ReluGrad` that too). */
export function activationGradient(
  b: ProgramBuilder,
  type: 'ReluGrad' | 'Relu6Grad' | 'SigmoidGrad' | 'TanhGrad',
  y: Value,
  dy: Value,
): Value {
  const inputs = type === 'SigmoidGrad' || type === 'TanhGrad' ? [y, dy] : [dy, y];
  return b.op(type, inputs, FLOAT, y.shape);
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
  const attributes = { ...FLOAT, Tidx: attr.type('int32'), keep_dims: attr.bool(keepDims) };
  return b.op(type, [x, b.constant(positive, [positive.length], 'int32')], attributes, shape);
}

/** `[rows, columns]` to `[columns, rows]`. */
export function transpose(b: ProgramBuilder, x: Value): Value {
  const axes = b.constant([1, 0], [2], 'int32');
  return b.op('Transpose', [x, axes], { ...FLOAT, Tperm: attr.type('int32') }, x.shape.toReversed());
}

/** At most one dimension, the batch, may be open. */
export function reshape(b: ProgramBuilder, x: Value, shape: Shape): Value {
  if (x.shape.length === shape.length && x.shape.every((n, axis) => n === shape[axis])) return x;
  const target = b.constant(
    shape.map((n) => n ?? -1),
    [shape.length],
    'int32',
  );
  return b.op('Reshape', [x, target], { ...FLOAT, Tshape: attr.type('int32') }, shape);
}

/** The shape of a value as a tensor: a constant where it is known, read at run time where the batch is open. */
export function shapeTensor(b: ProgramBuilder, x: Value): Value {
  if (x.shape.every((n) => n !== null)) return b.constant(x.shape.map(known), [x.shape.length], 'int32');
  return b.op('Shape', [x], { ...FLOAT, out_type: attr.type('int32') }, [x.shape.length], 'int32');
}

/** Number of values as a float scalar, read at run time. */
export function sizeTensor(b: ProgramBuilder, x: Value): Value {
  const size = b.op('Size', [x], { ...FLOAT, out_type: attr.type('int32') }, [], 'int32');
  return b.op('Cast', [size], { SrcT: attr.type('int32'), DstT: attr.type('float32') }, []);
}

/** `x` repeated along its axes of size 1 to the shape of `like`. */
export function broadcastTo(b: ProgramBuilder, x: Value, like: Value): Value {
  return b.op('BroadcastTo', [x, shapeTensor(b, like)], { ...FLOAT, Tidx: attr.type('int32') }, like.shape);
}

/** Zeros before and after, for each axis. */
export function pad(b: ProgramBuilder, x: Value, paddings: readonly Pair[]): Value {
  const table = b.constant(paddings.flat(), [paddings.length, 2], 'int32');
  const shape = x.shape.map((n, axis) =>
    n === null ? n : n + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0),
  );
  return b.op('Pad', [x, table], { ...FLOAT, Tpaddings: attr.type('int32') }, shape);
}

/** From `begin`, `size` values along each axis; -1 is all that follow. */
export function slice(b: ProgramBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const shape = x.shape.map((n, axis) =>
    size[axis] === -1 ? (n === null ? n : n - (begin[axis] ?? 0)) : known(size[axis]),
  );
  const bounds = [begin, size].map((list) => b.constant(list, [list.length], 'int32'));
  return b.op('Slice', [x, ...bounds], { ...FLOAT, Index: attr.type('int32') }, shape);
}

/** Along the last axis. */
export function concatenate(b: ProgramBuilder, parts: readonly Value[]): Value {
  const rank = parts[0]?.shape.length ?? 0;
  const axis = b.constant([rank - 1], [], 'int32');
  const shape = [
    ...(parts[0]?.shape.slice(0, -1) ?? []),
    parts.reduce((sum, part) => sum + channelsOf(part), 0),
  ];
  const attributes = { ...FLOAT, N: attr.int(parts.length), Tidx: attr.type('int32') };
  return b.op('ConcatV2', [...parts, axis], attributes, shape);
}

/** One range of channels. */
export const sliceChannels = (b: ProgramBuilder, x: Value, from: number, count: number): Value =>
  slice(
    b,
    x,
    x.shape.map((_, axis) => (axis === x.shape.length - 1 ? from : 0)),
    x.shape.map((_, axis) => (axis === x.shape.length - 1 ? count : -1)),
  );

/** Sum of values of one shape. */
export function addN(b: ProgramBuilder, values: readonly [Value, ...Value[]]): Value {
  const [x, y] = values;
  if (y === undefined) return x;
  if (values.length === 2) return binary(b, 'AddV2', x, y);
  return b.op('AddN', values, { ...FLOAT, N: attr.int(values.length) }, x.shape);
}

export interface LocalResponseOptions {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

export const localResponseNormalization = (b: ProgramBuilder, x: Value, o: LocalResponseOptions): Value =>
  b.op(
    'LRN',
    [x],
    {
      ...FLOAT,
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
  /** Of the batch, `[channels]`. */
  readonly mean: Value;
  /** Of the batch, `[channels]`, with Bessel's correction. */
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
    ...FLOAT,
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
    [{ shape: x.shape }, perChannel, perChannel, perChannel, perChannel, { shape: [0] }],
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
  const [loss, gradient] = b.emit('SoftmaxCrossEntropyWithLogits', [logits, targets], FLOAT, [
    { shape: [logits.shape[0] ?? null] },
    { shape: logits.shape },
  ]);
  if (!loss || !gradient) throw new Error('SoftmaxCrossEntropyWithLogits has no outputs.');
  return [loss, gradient];
}
