// One small classifier for each layer type, for tests of gradients and of parity between back ends.

import type { Activation } from '../../core/network/description/layer.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import {
  createNetworkBuilder,
  type LayerName,
  type NetworkBuilder,
} from '../../core/network/description/network-builder.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';

/** Classes of every network here. */
export const LAYER_CLASSES = 3;
/** `[height, width, channels]` of their input. */
export const LAYER_INPUT = { height: 6, width: 5, channels: 3 } as const;

type Write = (n: NetworkBuilder, x: LayerName) => LayerName;

const activations: readonly Activation[] = [
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'softmax',
  'silu',
  'hard_sigmoid',
  'hard_silu',
  'gelu',
];

const LAYERS: Readonly<Record<string, Write>> = {
  'conv2d same, stride 2': (n, x) => n.conv2d(x, { filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
  'conv2d valid, stride 2 by 1, no bias': (n, x) =>
    n.conv2d(x, { filters: 5, kernelSize: [3, 2], strides: [2, 1], useBias: false }),
  'conv2d 1 by 1': (n, x) => n.conv2d(x, { filters: 5, kernelSize: 1 }),
  'conv2d 1 by 1, stride 2': (n, x) =>
    n.conv2d(x, { filters: 5, kernelSize: 1, strides: 2, padding: 'same' }),
  'conv2d in 2 groups': (n, x) => n.conv2d(x, { filters: 6, kernelSize: 3, groups: 2, padding: 'same' }),
  'conv2d in as many groups as channels': (n, x) =>
    n.conv2d(x, { filters: 4, kernelSize: 3, groups: 4, padding: 'same' }),
  depthwise_conv2d: (n, x) => n.depthwiseConv2d(x, { kernelSize: 3, padding: 'same' }),
  'depthwise_conv2d stride 2': (n, x) =>
    n.depthwiseConv2d(x, { kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
  'depthwise_conv2d valid, stride 2': (n, x) => n.depthwiseConv2d(x, { kernelSize: 3, strides: 2 }),
  separable_conv2d: (n, x) => n.separableConv2d(x, { filters: 5, kernelSize: 3, padding: 'same' }),
  'separable_conv2d stride 2, valid': (n, x) =>
    n.separableConv2d(x, { filters: 5, kernelSize: 3, strides: 2, activation: 'tanh' }),
  'dense on pictures': (n, x) => n.dense(x, { units: 5, activation: 'tanh' }),
  'dense on features': (n, x) => n.dense(n.flatten(x), { units: 6, activation: 'tanh' }),
  batch_normalization: (n, x) => n.batchNormalization(x),
  'batch_normalization without scale': (n, x) => n.batchNormalization(x, { scale: false, epsilon: 1e-2 }),
  'batch_normalization of features': (n, x) => n.batchNormalization(n.dense(n.flatten(x), { units: 6 })),
  layer_normalization: (n, x) => n.layerNormalization(x, { epsilon: 1e-3 }),
  layer_scale: (n, x) => n.layerScale(x, { initialValue: 0.7 }),
  local_response_normalization: (n, x) =>
    n.localResponseNormalization(x, { depthRadius: 2, bias: 1, alpha: 0.5, beta: 0.75 }),
  'local_response_normalization over a part of the channels': (n, x) =>
    n.localResponseNormalization(n.conv2d(x, { filters: 9, kernelSize: 1 }), {
      depthRadius: 2,
      bias: 2,
      alpha: 0.3,
      beta: 0.75,
    }),
  ...Object.fromEntries(
    activations.map((activation): [string, Write] => [activation, (n, x) => n.activation(x, { activation })]),
  ),
  max_pooling2d: (n, x) => n.maxPooling2d(x, { poolSize: 2 }),
  'max_pooling2d after bias and activation': (n, x) =>
    n.maxPooling2d(n.conv2d(x, { filters: 4, kernelSize: 2, activation: 'relu' }), { poolSize: 2 }),
  'max_pooling2d overlapping, same': (n, x) =>
    n.maxPooling2d(x, { poolSize: 3, strides: 2, padding: 'same' }),
  'max_pooling2d of zeros around, below which all is negative': (n, x) =>
    n.maxPooling2d(n.zeroPadding2d(n.rescaling(x, { scale: 0.1, offset: -1 }), { padding: 1 }), {
      poolSize: 3,
      strides: 2,
    }),
  average_pooling2d: (n, x) => n.averagePooling2d(x, { poolSize: 2 }),
  'max_pooling2d overlapping, valid': (n, x) => n.maxPooling2d(x, { poolSize: 3, strides: 2 }),
  'average_pooling2d overlapping, same': (n, x) =>
    n.averagePooling2d(x, { poolSize: 3, strides: 1, padding: 'same' }),
  global_average_pooling2d: (n, x) => n.globalAveragePooling2d(x),
  'global_average_pooling2d, squeeze and excite': (n, x) =>
    n.multiply([
      x,
      n.dense(n.globalAveragePooling2d(x, { keepDims: true }), { units: 4, activation: 'sigmoid' }),
    ]),
  'squeeze and excitation with a bottleneck': (n, x) => {
    const squeezed = n.dense(n.globalAveragePooling2d(x), { units: 2, activation: 'relu' });
    const gate = n.dense(squeezed, { units: 4, activation: 'sigmoid' });
    return n.multiply([x, n.reshape(gate, { targetShape: [1, 1, 4] })]);
  },
  zero_padding2d: (n, x) =>
    n.zeroPadding2d(x, {
      padding: [
        [0, 1],
        [2, 1],
      ],
    }),
  add: (n, x) => n.add([x, n.conv2d(x, { filters: 4, kernelSize: 1 }), x]),
  multiply: (n, x) => n.multiply([x, n.conv2d(x, { filters: 4, kernelSize: 1 })]),
  concatenate: (n, x) => n.concatenate([x, n.conv2d(x, { filters: 2, kernelSize: 1 }), x]),
  reshape: (n, x) => n.reshape(x, { targetShape: [5, 6, 4] }),
  dropout: (n, x) => n.dropout(x, { rate: 0.4 }),
  'dropout of whole samples': (n, x) => n.dropout(x, { rate: 0.4, perSample: true }),
  rescaling: (n, x) => n.rescaling(x, { scale: [0.5, 1, 1.5, 2], offset: -0.25 }),
  'normalization by constants': (n, x) =>
    n.normalization(x, { mean: [0, 0.1, 0.2, 0.3], variance: [1, 2, 1, 2] }),
  'normalization by weights': (n, x) =>
    n.normalization(x, { mean: [0, 0.1, 0.2, 0.3], variance: [1, 2, 1, 2], weights: true }),
};

/** A network around one layer: a convolution below it, so that its gradient by the input is seen, and a classifier. */
function networkAround(write: Write): Network {
  const n = createNetworkBuilder('layer', LAYER_INPUT);
  const below = n.conv2d(n.input(), { name: 'below', filters: 4, kernelSize: 3, padding: 'same' });
  const x = write(n, below);
  const features = n.shape(x).length === 1 ? x : n.flatten(x);
  n.dense(features, { name: 'top', units: LAYER_CLASSES, activation: 'softmax' });
  return n.build();
}

/** By what they test. */
export const LAYER_NETWORKS: readonly (readonly [name: string, network: Network])[] = Object.entries(
  LAYERS,
).map(([name, write]) => [name, networkAround(write)]);

/** Reproducible values in [-1, 1), not symmetric and without pattern. */
export const noise = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return (x - Math.floor(x)) * 2 - 1;
  });

/** Weights around their usual first values, no bias 0 and no scale 1. */
export const layerWeights = (network: Network): NetworkWeights =>
  new Map(
    [...initializeWeights(network, 5)].map(([name, values], index) => {
      const shift = noise(values.length, index + 11);
      return [name, values.map((value, i) => value + 0.2 * (shift[i] ?? 0))];
    }),
  );

export const LAYER_SAMPLES = 3;

/** A batch for every network here, of all classes. */
export const LAYER_BATCH = {
  images: noise(LAYER_SAMPLES * LAYER_INPUT.height * LAYER_INPUT.width * LAYER_INPUT.channels, 3),
  labels: Int32Array.from({ length: LAYER_SAMPLES }, (_, i) => i % LAYER_CLASSES),
};
