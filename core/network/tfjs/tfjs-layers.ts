// How each layer is written in a LayersModel of TensorFlow.js: with class names and settings of Keras 2. A layer that it lacks is
// put together from others. Knows no TensorFlow.js.

import { FoveaError } from '../../errors/errors.ts';
import type { Activation, Layer, LayerType } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import { lastAxis, type Shape } from '../description/shapes.ts';

/** One layer of a LayersModel. */
export interface TfjsLayer {
  readonly className: string;
  readonly name: string;
  readonly inputs: readonly string[];
  /** Settings, without the name. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly TfjsWeight[];
}

/** One weight of a layer. */
export interface TfjsWeight {
  /** TensorFlow.js's name of the weight within the layer. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What the translation of a layer may look up. */
export interface TfjsContext {
  /** Output shape of a layer of the network. */
  readonly shape: (layer: string) => Shape;
  /** A weight of the layer being translated. */
  readonly weight: (name: string) => Float32Array;
}

type Translate<T extends LayerType> = (
  layer: Extract<Layer, { type: T }>,
  context: TfjsContext,
) => readonly TfjsLayer[];

const ACTIVATION_NAMES: Readonly<Partial<Record<Activation, string>>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  softmax: 'softmax',
  silu: 'swish',
  gelu: 'gelu',
};

/** An activation as layers of its own, the last one under the given name. */
function activationLayers(activation: Activation, name: string, input: string): readonly TfjsLayer[] {
  const known = ACTIVATION_NAMES[activation];
  if (known !== undefined) return [plain('Activation', name, [input], { activation: known })];
  // Keras 3's hard sigmoid is relu6(x + 3) / 6, TensorFlow.js's clips 0.2 x + 0.5: here x / 6 + 1 / 2, cut to 0..1.
  const gate = activation === 'hard_silu' ? `${name}_gate` : name;
  const scaled = plain('Rescaling', `${name}_scaled`, [input], { scale: 1 / 6, offset: 0.5 });
  const clipped = plain('ReLU', gate, [scaled.name], { max_value: 1 });
  return activation === 'hard_silu'
    ? [scaled, clipped, plain('Multiply', name, [input, gate], {})]
    : [scaled, clipped];
}

const plain = (
  className: string,
  name: string,
  inputs: readonly string[],
  config: TfjsLayer['config'],
): TfjsLayer => ({ className, name, inputs, config, weights: [] });

/** A layer with its activation, which becomes layers of its own where TensorFlow.js does not have it. */
function withActivation(layer: TfjsLayer, activation: Activation): readonly TfjsLayer[] {
  const known = ACTIVATION_NAMES[activation];
  if (known !== undefined) return [{ ...layer, config: { ...layer.config, activation: known } }];
  const linear = {
    ...layer,
    name: `${layer.name}_linear`,
    config: { ...layer.config, activation: 'linear' },
  };
  return [linear, ...activationLayers(activation, layer.name, linear.name)];
}

const biasOf = (useBias: boolean, units: number, { weight }: TfjsContext): readonly TfjsWeight[] =>
  useBias ? [{ name: 'bias', shape: [units], values: weight('bias') }] : [];

const convolutionConfig = (layer: Extract<Layer, { strides: unknown; kernelSize: unknown }>) => ({
  kernel_size: layer.kernelSize,
  strides: layer.strides,
  padding: layer.padding,
  data_format: 'channels_last',
  dilation_rate: [1, 1],
  use_bias: layer.useBias,
});

const poolingConfig = (layer: Extract<Layer, { poolSize: unknown }>) => ({
  pool_size: layer.poolSize,
  strides: layer.strides,
  padding: layer.padding,
  data_format: 'channels_last',
});

function notExportable(layer: Layer, reason: string): FoveaError {
  return new FoveaError(
    'layer-not-exportable',
    `TensorFlow.js has no equivalent of layer "${layer.name}" (${layer.type}): ${reason}. Serve this network as ONNX.`,
    { param: layer.name },
  );
}

/** A function of each channel, written as a batch normalization without epsilon: gamma * (x - mean) / sqrt(variance) + beta. */
function channelwise(
  layer: Layer,
  channels: number,
  {
    gamma = 1,
    beta = 0,
    mean = 0,
    variance = 1,
  }: Partial<Record<'gamma' | 'beta' | 'mean' | 'variance', PerChannel>>,
): readonly TfjsLayer[] {
  const values = (value: PerChannel) =>
    Float32Array.from({ length: channels }, (_, i) => (typeof value === 'number' ? value : (value[i] ?? 0)));
  const weight = (name: string, value: PerChannel) => ({ name, shape: [channels], values: values(value) });
  return [
    {
      ...plain('BatchNormalization', layer.name, layer.inputs, { axis: -1, epsilon: 0, momentum: 0.99 }),
      weights: [
        weight('gamma', gamma),
        weight('beta', beta),
        weight('moving_mean', mean),
        weight('moving_variance', variance),
      ],
    },
  ];
}
type PerChannel = number | ArrayLike<number>;

/** The translation of every layer type into layers of a LayersModel. */
export const TFJS_LAYERS: { readonly [T in LayerType]: Translate<T> } = {
  input: ({ name, shape }) => [
    plain('InputLayer', name, [], { batch_input_shape: [null, ...shape], dtype: 'float32', sparse: false }),
  ],
  conv2d(layer, context) {
    const channels = lastAxis(context.shape(inputOf(layer)));
    const { name, inputs, filters, groups, kernelSize } = layer;
    const values = context.weight('kernel');
    const bias = biasOf(layer.useBias, filters, context);
    if (groups === channels && filters === channels && groups > 1) {
      const kernel = { name: 'depthwise_kernel', shape: [...kernelSize, channels, 1], values };
      const depthwise = plain('DepthwiseConv2D', name, inputs, {
        ...convolutionConfig(layer),
        depth_multiplier: 1,
      });
      return withActivation({ ...depthwise, weights: [kernel, ...bias] }, layer.activation);
    }
    if (groups > 1) throw notExportable(layer, `a convolution in ${groups} groups`);
    const kernel = { name: 'kernel', shape: [...kernelSize, channels, filters], values };
    const convolution = plain('Conv2D', name, inputs, { ...convolutionConfig(layer), filters });
    return withActivation({ ...convolution, weights: [kernel, ...bias] }, layer.activation);
  },
  depthwise_conv2d(layer, context) {
    const channels = lastAxis(context.shape(inputOf(layer)));
    const kernel = {
      name: 'depthwise_kernel',
      shape: [...layer.kernelSize, channels, 1],
      values: context.weight('kernel'),
    };
    const config = { ...convolutionConfig(layer), depth_multiplier: 1 };
    const weights = [kernel, ...biasOf(layer.useBias, channels, context)];
    return withActivation(
      { ...plain('DepthwiseConv2D', layer.name, layer.inputs, config), weights },
      layer.activation,
    );
  },
  separable_conv2d(layer, context) {
    const channels = lastAxis(context.shape(inputOf(layer)));
    const { kernelSize, filters } = layer;
    const weights = [
      {
        name: 'depthwise_kernel',
        shape: [...kernelSize, channels, 1],
        values: context.weight('depthwise_kernel'),
      },
      {
        name: 'pointwise_kernel',
        shape: [1, 1, channels, filters],
        values: context.weight('pointwise_kernel'),
      },
      ...biasOf(layer.useBias, filters, context),
    ];
    const config = { ...convolutionConfig(layer), filters, depth_multiplier: 1 };
    return withActivation(
      { ...plain('SeparableConv2D', layer.name, layer.inputs, config), weights },
      layer.activation,
    );
  },
  dense(layer, context) {
    const input = context.shape(inputOf(layer));
    const { name, inputs, units, useBias, activation } = layer;
    const kernel = { name: 'kernel', shape: [lastAxis(input), units], values: context.weight('kernel') };
    const bias = biasOf(useBias, units, context);
    if (input.length === 1) {
      const dense = plain('Dense', name, inputs, { units, use_bias: useBias });
      return withActivation({ ...dense, weights: [kernel, ...bias] }, activation);
    }
    // On a map, a convolution of one pixel is the same and has kernels on every back end.
    const settings = { kernelSize: [1, 1], strides: [1, 1], padding: 'valid', useBias } as const;
    const config = convolutionConfig({ ...layer, type: 'conv2d', filters: units, groups: 1, ...settings });
    const convolution = plain('Conv2D', name, inputs, { ...config, filters: units });
    return withActivation(
      { ...convolution, weights: [{ ...kernel, shape: [1, 1, ...kernel.shape] }, ...bias] },
      activation,
    );
  },
  batch_normalization(layer, context) {
    const channels = lastAxis(context.shape(layer.name));
    const names = [...(layer.scale ? ['gamma'] : []), 'beta', 'moving_mean', 'moving_variance'];
    const config = {
      axis: -1,
      epsilon: layer.epsilon,
      momentum: layer.momentum,
      center: true,
      scale: layer.scale,
    };
    const weights = names.map((name) => ({ name, shape: [channels], values: context.weight(name) }));
    return [{ ...plain('BatchNormalization', layer.name, layer.inputs, config), weights }];
  },
  layer_normalization(layer, context) {
    const shape = [lastAxis(context.shape(layer.name))];
    const weights = ['gamma', 'beta'].map((name) => ({ name, shape, values: context.weight(name) }));
    const config = { axis: -1, epsilon: layer.epsilon, center: true, scale: true };
    return [{ ...plain('LayerNormalization', layer.name, layer.inputs, config), weights }];
  },
  layer_scale: (layer, context) =>
    channelwise(layer, lastAxis(context.shape(layer.name)), { gamma: context.weight('gamma') }),
  local_response_normalization(layer) {
    throw notExportable(layer, 'its layers cannot raise to a power');
  },
  activation: (layer) => activationLayers(layer.activation, layer.name, inputOf(layer)),
  max_pooling2d: (layer) => [plain('MaxPooling2D', layer.name, layer.inputs, poolingConfig(layer))],
  average_pooling2d: (layer) => [plain('AveragePooling2D', layer.name, layer.inputs, poolingConfig(layer))],
  global_average_pooling2d({ name, inputs, keepDims }, { shape }) {
    const pooled = plain('GlobalAveragePooling2D', keepDims ? `${name}_vector` : name, inputs, {
      data_format: 'channels_last',
    });
    // Its pooling cannot keep the axes.
    return keepDims
      ? [pooled, plain('Reshape', name, [pooled.name], { target_shape: shape(name) })]
      : [pooled];
  },
  zero_padding2d: ({ name, inputs, padding }) => [
    plain('ZeroPadding2D', name, inputs, { padding, data_format: 'channels_last' }),
  ],
  add: ({ name, inputs }) => [plain('Add', name, inputs, {})],
  multiply: ({ name, inputs }) => [plain('Multiply', name, inputs, {})],
  concatenate: ({ name, inputs }) => [plain('Concatenate', name, inputs, { axis: -1 })],
  flatten: ({ name, inputs }) => [plain('Flatten', name, inputs, { data_format: 'channels_last' })],
  reshape: ({ name, inputs, targetShape }) => [plain('Reshape', name, inputs, { target_shape: targetShape })],
  dropout: ({ name, inputs, rate, perSample }) => [
    plain('Dropout', name, inputs, { rate, noise_shape: perSample ? [null, 1, 1, 1] : null }),
  ],
  rescaling: (layer, context) =>
    typeof layer.scale === 'number' && typeof layer.offset === 'number'
      ? [plain('Rescaling', layer.name, layer.inputs, { scale: layer.scale, offset: layer.offset })]
      : channelwise(layer, lastAxis(context.shape(layer.name)), { gamma: layer.scale, beta: layer.offset }),
  normalization: (layer, context) =>
    channelwise(layer, lastAxis(context.shape(layer.name)), {
      mean: layer.weights ? context.weight('mean') : layer.mean,
      variance: layer.weights ? context.weight('variance') : layer.variance,
    }),
};
