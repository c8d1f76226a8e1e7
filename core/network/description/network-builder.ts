// Builds the description of a network in a straight line, with one call for each layer, and Keras's defaults and names. Knows no
// architecture and no weights.

import { FoveaError } from '../../errors/errors.ts';
import type { Activation, Layer, Padding, Pair } from './layer.ts';
import { type AutomaticName, createNameCounter, type PairLike, toPair } from './layer-defaults.ts';
import type { InputSize, Network } from './network.ts';
import { lastAxis, layerShape, type Shape, shapeOf } from './shapes.ts';

/** The name of a layer that is there already; it stands for the layer's output. */
export type LayerName = string;

interface Named {
  /** Default: the name that Keras would give the layer. */
  readonly name?: string;
}

interface ConvolutionOptions extends Named {
  readonly kernelSize: PairLike;
  readonly strides?: PairLike;
  readonly padding?: Padding;
  readonly useBias?: boolean;
  readonly activation?: Activation;
}

interface PoolingOptions extends Named {
  readonly poolSize: PairLike;
  /** Default: the pool size. */
  readonly strides?: PairLike;
  readonly padding?: Padding;
}

/** Every method appends one layer and returns its name; inputs come first, in argument order. */
export interface NetworkBuilder {
  input(options?: Named): LayerName;
  conv2d(
    x: LayerName,
    options: ConvolutionOptions & { readonly filters: number; readonly groups?: number },
  ): LayerName;
  depthwiseConv2d(x: LayerName, options: ConvolutionOptions): LayerName;
  separableConv2d(x: LayerName, options: ConvolutionOptions & { readonly filters: number }): LayerName;
  dense(
    x: LayerName,
    options: Named & { readonly units: number; readonly useBias?: boolean; readonly activation?: Activation },
  ): LayerName;
  batchNormalization(
    x: LayerName,
    options?: Named & { readonly epsilon?: number; readonly momentum?: number; readonly scale?: boolean },
  ): LayerName;
  layerNormalization(x: LayerName, options?: Named & { readonly epsilon?: number }): LayerName;
  layerScale(x: LayerName, options: Named & { readonly initialValue: number }): LayerName;
  localResponseNormalization(
    x: LayerName,
    options: Named & {
      readonly depthRadius: number;
      readonly bias: number;
      readonly alpha: number;
      readonly beta: number;
    },
  ): LayerName;
  /** A Keras `Activation` layer. */
  activation(x: LayerName, options: Named & { readonly activation: Activation }): LayerName;
  /** A Keras `ReLU` layer, which Keras names apart from `Activation`; `maxValue` 6 is ReLU6. */
  relu(
    x: LayerName,
    options?: Named & { readonly maxValue?: 6; readonly activation?: Activation },
  ): LayerName;
  maxPooling2d(x: LayerName, options: PoolingOptions): LayerName;
  averagePooling2d(x: LayerName, options: PoolingOptions): LayerName;
  globalAveragePooling2d(x: LayerName, options?: Named & { readonly keepDims?: boolean }): LayerName;
  /** `padding`: the same on all four sides, or `[[top, bottom], [left, right]]`. */
  zeroPadding2d(
    x: LayerName,
    options: Named & { readonly padding: number | readonly [Pair, Pair] },
  ): LayerName;
  add(inputs: readonly LayerName[], options?: Named): LayerName;
  multiply(inputs: readonly LayerName[], options?: Named): LayerName;
  concatenate(inputs: readonly LayerName[], options?: Named): LayerName;
  flatten(x: LayerName, options?: Named): LayerName;
  reshape(x: LayerName, options: Named & { readonly targetShape: readonly number[] }): LayerName;
  dropout(x: LayerName, options: Named & { readonly rate: number; readonly perSample?: boolean }): LayerName;
  rescaling(
    x: LayerName,
    options: Named & {
      readonly scale: number | readonly number[];
      readonly offset?: number | readonly number[];
    },
  ): LayerName;
  normalization(
    x: LayerName,
    options: Named & {
      readonly mean: readonly number[];
      readonly variance: readonly number[];
      readonly weights?: boolean;
    },
  ): LayerName;
  /** Output shape of a layer that is there already, without the batch. */
  shape(x: LayerName): Shape;
  /** Last axis of {@link shape}. */
  channels(x: LayerName): number;
  /** The network; its output is the layer that was appended last. */
  build(): Network;
}

type NewLayer = Layer extends infer L ? (L extends Layer ? Omit<L, 'name' | 'inputs'> : never) : never;

/**
 * Starts an empty network for inputs of the given size.
 *
 * @throws {FoveaError} `network-invalid` for a name used twice, an input that is no layer yet or shapes that do not
 * fit; `input-too-small`.
 */
export function createNetworkBuilder(networkName: string, inputSize: InputSize): NetworkBuilder {
  const layers: Layer[] = [];
  const shapes = new Map<LayerName, Shape>();
  const nextName = createNameCounter();

  const append = (
    prefix: AutomaticName,
    inputs: readonly LayerName[],
    name: string | undefined,
    fields: NewLayer,
  ) => {
    const unique = name ?? nextName(prefix);
    if (shapes.has(unique)) {
      throw new FoveaError('network-invalid', `Network "${networkName}" has two layers named "${unique}".`);
    }
    for (const input of inputs) {
      if (!shapes.has(input)) {
        throw new FoveaError(
          'network-invalid',
          `Layer "${unique}" of network "${networkName}" reads "${input}", which is not a layer before it.`,
        );
      }
    }
    const layer = { name: unique, inputs, ...fields } as Layer;
    shapes.set(
      unique,
      layerShape(
        layer,
        inputs.map((input) => shapeOf(shapes, input)),
      ),
    );
    layers.push(layer);
    return unique;
  };

  const convolution = ({ kernelSize, strides, padding, useBias, activation }: ConvolutionOptions) => ({
    kernelSize: toPair(kernelSize),
    strides: toPair(strides ?? 1),
    padding: padding ?? 'valid',
    useBias: useBias ?? true,
    activation: activation ?? 'linear',
  });
  const pooling = ({ poolSize, strides, padding }: PoolingOptions) => ({
    poolSize: toPair(poolSize),
    strides: toPair(strides ?? poolSize),
    padding: padding ?? 'valid',
  });

  return {
    input: (o = {}) =>
      append('input_layer', [], o.name, {
        type: 'input',
        shape: [inputSize.height, inputSize.width, inputSize.channels],
      }),
    conv2d: (x, o) =>
      append('conv2d', [x], o.name, {
        type: 'conv2d',
        filters: o.filters,
        ...convolution(o),
        groups: o.groups ?? 1,
      }),
    depthwiseConv2d: (x, o) =>
      append('depthwise_conv2d', [x], o.name, { type: 'depthwise_conv2d', ...convolution(o) }),
    separableConv2d: (x, o) =>
      append('separable_conv2d', [x], o.name, {
        type: 'separable_conv2d',
        filters: o.filters,
        ...convolution(o),
      }),
    dense: (x, o) =>
      append('dense', [x], o.name, {
        type: 'dense',
        units: o.units,
        useBias: o.useBias ?? true,
        activation: o.activation ?? 'linear',
      }),
    batchNormalization: (x, o = {}) =>
      append('batch_normalization', [x], o.name, {
        type: 'batch_normalization',
        epsilon: o.epsilon ?? 1e-3,
        momentum: o.momentum ?? 0.99,
        scale: o.scale ?? true,
      }),
    layerNormalization: (x, o = {}) =>
      append('layer_normalization', [x], o.name, { type: 'layer_normalization', epsilon: o.epsilon ?? 1e-3 }),
    layerScale: (x, o) =>
      append('layer_scale', [x], o.name, { type: 'layer_scale', initialValue: o.initialValue }),
    localResponseNormalization: (x, { name, depthRadius, bias, alpha, beta }) =>
      append('local_response_normalization', [x], name, {
        type: 'local_response_normalization',
        depthRadius,
        bias,
        alpha,
        beta,
      }),
    activation: (x, o) => append('activation', [x], o.name, { type: 'activation', activation: o.activation }),
    relu: (x, o = {}) =>
      append('re_lu', [x], o.name, {
        type: 'activation',
        activation: o.activation ?? (o.maxValue === 6 ? 'relu6' : 'relu'),
      }),
    maxPooling2d: (x, o) => append('max_pooling2d', [x], o.name, { type: 'max_pooling2d', ...pooling(o) }),
    averagePooling2d: (x, o) =>
      append('average_pooling2d', [x], o.name, { type: 'average_pooling2d', ...pooling(o) }),
    globalAveragePooling2d: (x, o = {}) =>
      append('global_average_pooling2d', [x], o.name, {
        type: 'global_average_pooling2d',
        keepDims: o.keepDims ?? false,
      }),
    zeroPadding2d: (x, { name, padding: p }) =>
      append('zero_padding2d', [x], name, {
        type: 'zero_padding2d',
        padding: typeof p === 'number' ? [toPair(p), toPair(p)] : p,
      }),
    add: (inputs, o = {}) => append('add', inputs, o.name, { type: 'add' }),
    multiply: (inputs, o = {}) => append('multiply', inputs, o.name, { type: 'multiply' }),
    concatenate: (inputs, o = {}) => append('concatenate', inputs, o.name, { type: 'concatenate' }),
    flatten: (x, o = {}) => append('flatten', [x], o.name, { type: 'flatten' }),
    reshape: (x, o) => append('reshape', [x], o.name, { type: 'reshape', targetShape: o.targetShape }),
    dropout: (x, o) =>
      append('dropout', [x], o.name, { type: 'dropout', rate: o.rate, perSample: o.perSample ?? false }),
    rescaling: (x, o) =>
      append('rescaling', [x], o.name, { type: 'rescaling', scale: o.scale, offset: o.offset ?? 0 }),
    normalization: (x, o) =>
      append('normalization', [x], o.name, {
        type: 'normalization',
        mean: o.mean,
        variance: o.variance,
        weights: o.weights ?? false,
      }),
    shape: (x) => shapeOf(shapes, x),
    channels: (x) => lastAxis(shapeOf(shapes, x)),
    build: () => ({ name: networkName, layers: [...layers] }),
  };
}
