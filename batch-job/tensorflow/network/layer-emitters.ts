// The forward pass of every layer type in TensorFlow ops. Derivatives are taken from the ops; only batch normalization and
// dropout, which behave differently in training, know of it.

import type { Activation, Layer, LayerType } from '../../../core/network/description/layer.ts';
import * as ops from '../program/ops.ts';
import type { Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import { maxPoolEarly } from './max-pool-early.ts';

/** What the emitter of a layer works with. */
export interface LayerContext {
  readonly b: ProgramBuilder;
  /** The layer's weight, e.g. `kernel`. */
  readonly weight: (name: string) => Value;
  /**
   * Whether a batch normalization uses the statistics of the batch, and updates the moving ones; false where it uses the
   * moving statistics (in prediction, or where the layer is frozen).
   */
  readonly batchStatistics: boolean;
  /** Called with the statistics of the batch: mean, and variance with Bessel's correction. */
  readonly onStatistics: (x: Value, mean: Value, variance: Value) => void;
  /** Factors of a dropout layer for values of this shape; undefined outside training. */
  readonly dropoutMask: (shape: Value['shape']) => Value | undefined;
}

type Emit<L extends Layer> = (layer: L, inputs: readonly [Value, ...Value[]], context: LayerContext) => Value;

type EmitterTable = { readonly [T in LayerType]: Emit<Extract<Layer, { type: T }>> };

/** Appends an activation: elementwise, but for `softmax`, which is along the last axis. */
export function activate(b: ProgramBuilder, x: Value, activation: Activation): Value {
  const times = (y: Value, factor: Value) => ops.binary(b, 'Mul', y, factor);
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return ops.unary(b, 'Relu', x);
    case 'relu6':
      return ops.unary(b, 'Relu6', x);
    case 'sigmoid':
      return ops.unary(b, 'Sigmoid', x);
    case 'tanh':
      return ops.unary(b, 'Tanh', x);
    case 'softmax':
      return ops.unary(b, 'Softmax', x);
    case 'silu':
      return times(x, ops.unary(b, 'Sigmoid', x));
    case 'hard_sigmoid':
      return times(ops.unary(b, 'Relu6', ops.binary(b, 'AddV2', x, b.scalar(3))), b.scalar(1 / 6));
    case 'hard_silu':
      return times(x, activate(b, x, 'hard_sigmoid'));
    case 'gelu': {
      const bell = ops.unary(b, 'Erf', times(x, b.scalar(Math.SQRT1_2)));
      return times(times(x, b.scalar(0.5)), ops.binary(b, 'AddV2', bell, b.scalar(1)));
    }
  }
}

interface Finish {
  readonly useBias: boolean;
  readonly activation: Activation;
}

function finish(x: Value, { useBias, activation }: Finish, { b, weight }: LayerContext): Value {
  return activate(b, useBias ? ops.biasAdd(b, x, weight('bias')) : x, activation);
}

/** Splits channels into groups, convolves each with its own filters, and joins the results. */
function groupedConvolution(
  layer: Extract<Layer, { type: 'conv2d' }>,
  x: Value,
  { b, weight }: LayerContext,
): Value {
  const kernel = weight('kernel');
  const { groups, filters } = layer;
  const channels = ops.channelsOf(x);
  if (groups === 1) return ops.conv2d(b, x, kernel, layer);
  if (groups === channels && groups === filters) {
    const depthwise = ops.reshape(b, kernel, [...layer.kernelSize, channels, 1]);
    return ops.depthwiseConv2d(b, x, depthwise, layer);
  }
  // TensorFlow has no gradient of a grouped convolution on CPU.
  const outputs = Array.from({ length: groups }, (_, group) => {
    const input = ops.sliceChannels(b, x, (group * channels) / groups, channels / groups);
    const filter = ops.sliceChannels(b, kernel, (group * filters) / groups, filters / groups);
    return ops.conv2d(b, input, filter, layer);
  });
  return ops.concatenate(b, outputs);
}

/** FusedBatchNormV3 takes rank 4 only. */
function withRank4(b: ProgramBuilder, x: Value, f: (x: Value) => Value): Value {
  if (x.shape.length === 4) return f(x);
  const channels = ops.channelsOf(x);
  return ops.reshape(b, f(ops.reshape(b, x, [x.shape[0] ?? null, 1, 1, channels])), x.shape);
}

const perChannel = (b: ProgramBuilder, value: number | readonly number[]): Value =>
  typeof value === 'number' ? b.scalar(value) : b.constant(value);

const reduceAll = (b: ProgramBuilder, type: 'AddV2' | 'Mul', inputs: readonly [Value, ...Value[]]): Value =>
  inputs.slice(1).reduce((sum, x) => ops.binary(b, type, sum, x), inputs[0]);

/** One emitter for each layer type. Shapes of values include the batch. */
export const LAYER_EMITTERS: EmitterTable = {
  input: (_, [x]) => x,
  conv2d: (layer, [x], context) => finish(groupedConvolution(layer, x, context), layer, context),
  depthwise_conv2d: (layer, [x], context) =>
    finish(ops.depthwiseConv2d(context.b, x, context.weight('kernel'), layer), layer, context),
  separable_conv2d(layer, [x], context) {
    const { b, weight } = context;
    const spatial = ops.depthwiseConv2d(b, x, weight('depthwise_kernel'), layer);
    const pointwise = ops.conv2d(b, spatial, weight('pointwise_kernel'), {
      strides: [1, 1],
      padding: 'valid',
    });
    return finish(pointwise, layer, context);
  },
  dense(layer, [x], context) {
    const { b, weight } = context;
    const rows = x.shape.length === 2 ? x : ops.reshape(b, x, [ops.rowCount(x), ops.channelsOf(x)]);
    const y = finish(ops.matMul(b, rows, weight('kernel')), layer, context);
    return x.shape.length === 2 ? y : ops.reshape(b, y, [...x.shape.slice(0, -1), layer.units]);
  },
  batch_normalization(layer, [x], { b, weight, batchStatistics, onStatistics }) {
    const channels = ops.channelsOf(x);
    const gamma = layer.scale ? weight('gamma') : b.constant(new Array<number>(channels).fill(1));
    const { epsilon } = layer;
    return withRank4(b, x, (x4) => {
      if (!batchStatistics) {
        const moving = { mean: weight('moving_mean'), variance: weight('moving_variance') };
        return ops.batchNormalization(b, x4, gamma, weight('beta'), { epsilon, moving }).y;
      }
      const { y, mean, variance } = ops.batchNormalization(b, x4, gamma, weight('beta'), { epsilon });
      onStatistics(x4, mean, variance);
      return y;
    });
  },
  layer_normalization(layer, [x], { b, weight }) {
    const centered = ops.binary(b, 'Sub', x, ops.reduce(b, 'Mean', x, [-1], true));
    const variance = ops.reduce(b, 'Mean', ops.unary(b, 'Square', centered), [-1], true);
    const inverse = ops.unary(b, 'Rsqrt', ops.binary(b, 'AddV2', variance, b.scalar(layer.epsilon)));
    const scaled = ops.binary(b, 'Mul', ops.binary(b, 'Mul', centered, inverse), weight('gamma'));
    return ops.binary(b, 'AddV2', scaled, weight('beta'));
  },
  layer_scale: (_, [x], { b, weight }) => ops.binary(b, 'Mul', x, weight('gamma')),
  local_response_normalization: (layer, [x], { b }) => ops.localResponseNormalization(b, x, layer),
  activation: (layer, [x], { b }) => activate(b, x, layer.activation),
  max_pooling2d: (layer, [x], { b }) => maxPoolEarly(b, x, layer.poolSize, layer),
  average_pooling2d: (layer, [x], { b }) => ops.averagePool(b, x, layer.poolSize, layer),
  global_average_pooling2d: (layer, [x], { b }) => ops.reduce(b, 'Mean', x, [1, 2], layer.keepDims),
  zero_padding2d: (layer, [x], { b }) => ops.pad(b, x, [[0, 0], ...layer.padding, [0, 0]]),
  add: (_, inputs, { b }) => reduceAll(b, 'AddV2', inputs),
  multiply: (_, inputs, { b }) => reduceAll(b, 'Mul', inputs),
  concatenate: (_, inputs, { b }) => ops.concatenate(b, inputs),
  flatten(_, [x], { b }) {
    const features = x.shape.slice(1).reduce<number>((product, n) => product * ops.known(n), 1);
    return ops.reshape(b, x, [x.shape[0] ?? null, features]);
  },
  reshape: (layer, [x], { b }) => ops.reshape(b, x, [x.shape[0] ?? null, ...layer.targetShape]),
  dropout(layer, [x], { b, dropoutMask }) {
    const shape = layer.perSample ? x.shape.map((n, axis) => (axis === 0 ? n : 1)) : x.shape;
    const mask = layer.rate > 0 ? dropoutMask(shape) : undefined;
    return mask === undefined ? x : ops.binary(b, 'Mul', x, mask);
  },
  rescaling: (layer, [x], { b }) =>
    ops.binary(b, 'AddV2', ops.binary(b, 'Mul', x, perChannel(b, layer.scale)), perChannel(b, layer.offset)),
  normalization(layer, [x], { b, weight }) {
    const mean = layer.weights ? weight('mean') : b.constant(layer.mean);
    const deviation = layer.weights
      ? ops.unary(b, 'Sqrt', weight('variance'))
      : b.constant(layer.variance.map(Math.sqrt));
    // Keras's guard against channels without variance.
    const divisor = ops.binary(b, 'Maximum', deviation, b.scalar(KERAS_EPSILON));
    return ops.binary(b, 'RealDiv', ops.binary(b, 'Sub', x, mean), divisor);
  },
};

const KERAS_EPSILON = 1e-7;
