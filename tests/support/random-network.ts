// Small networks at random, of every layer type, for tests that hold a reader of networks against the definitions.

import fc from 'fast-check';
import type { Activation } from '../../core/network/description/layer.ts';
import type { Network } from '../../core/network/description/network.ts';
import {
  createNetworkBuilder,
  type LayerName,
  type NetworkBuilder,
} from '../../core/network/description/network-builder.ts';

const activation = fc.constantFrom<Activation>(
  'linear',
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'softmax',
  'silu',
  'hard_sigmoid',
  'hard_silu',
  'gelu',
);
const small = fc.integer({ min: 1, max: 3 });
const window = fc.record({
  kernel: fc.tuple(small, small),
  strides: fc.tuple(small, small),
  padding: fc.constantFrom('same' as const, 'valid' as const),
  useBias: fc.boolean(),
  activation,
});
export type Window = typeof window extends fc.Arbitrary<infer T> ? T : never;

/** Steps that take a map and give a map; the name says which. */
export const STEPS: Readonly<Record<string, (n: NetworkBuilder, x: LayerName, w: Window) => LayerName>> = {
  convolution: (n, x, { kernel: kernelSize, ...o }) => n.conv2d(x, { filters: 4, kernelSize, ...o }),
  grouped: (n, x, { kernel: kernelSize, ...o }) =>
    n.conv2d(n.conv2d(x, { filters: 4, kernelSize: 1 }), { filters: 6, groups: 2, kernelSize, ...o }),
  depthwise: (n, x, { kernel: kernelSize, ...o }) => n.depthwiseConv2d(x, { kernelSize, ...o }),
  separable: (n, x, { kernel: kernelSize, ...o }) => n.separableConv2d(x, { filters: 3, kernelSize, ...o }),
  normalizedConvolution: (n, x, { kernel: kernelSize, ...o }) =>
    n.batchNormalization(n.conv2d(x, { filters: 3, kernelSize, ...o }), { scale: o.useBias }),
  normalizedSeparable: (n, x, { kernel: kernelSize, ...o }) =>
    n.batchNormalization(n.separableConv2d(x, { filters: 5, kernelSize, ...o, activation: 'linear' })),
  scaledDense: (n, x, { useBias }) => n.layerScale(n.dense(x, { units: 4, useBias }), { initialValue: 1 }),
  padded: (n, x, { kernel: kernelSize, strides, padding, useBias }) =>
    n.conv2d(
      n.zeroPadding2d(x, {
        padding: [
          [2, 1],
          [0, 3],
        ],
      }),
      { filters: 2, kernelSize, strides, padding, useBias },
    ),
  paddedPool: (n, x, { padding }) =>
    n.maxPooling2d(n.zeroPadding2d(x, { padding: 1 }), { poolSize: 3, strides: 2, padding }),
  paddedPoolOfRelu: (n, x, { kernel: poolSize, strides }) => {
    const padded = n.zeroPadding2d(n.relu(x), {
      padding: [
        [1, 2],
        [1, 0],
      ],
    });
    return n.maxPooling2d(padded, { poolSize, strides });
  },
  paddedAverage: (n, x, { padding }) =>
    n.averagePooling2d(n.zeroPadding2d(x, { padding: 1 }), { poolSize: 3, strides: 2, padding }),
  batchNormalization: (n, x, { useBias }) => n.batchNormalization(x, { scale: useBias, epsilon: 1e-5 }),
  layerNormalization: (n, x) => n.layerNormalization(x, { epsilon: 1e-3 }),
  transformer: (n, x, { activation: a }) =>
    n.add([
      x,
      n.dense(n.dense(n.layerNormalization(x), { units: 6, activation: a }), { units: n.channels(x) }),
    ]),
  localResponse: (n, x) =>
    n.localResponseNormalization(x, { depthRadius: 2, bias: 2, alpha: 0.3, beta: 0.75 }),
  activation: (n, x, w) => n.activation(x, { activation: w.activation }),
  maxPooling: (n, x, { kernel: poolSize, strides, padding }) =>
    n.maxPooling2d(x, { poolSize, strides, padding }),
  averagePooling: (n, x, { kernel: poolSize, strides, padding }) =>
    n.averagePooling2d(x, { poolSize, strides, padding }),
  denseOnMap: (n, x, { useBias, activation: a }) => n.dense(x, { units: 3, useBias, activation: a }),
  squeezeAndExcitation: (n, x) => {
    const gate = n.dense(n.globalAveragePooling2d(x), { units: n.channels(x), activation: 'sigmoid' });
    return n.multiply([x, n.reshape(gate, { targetShape: [1, 1, n.channels(x)] })]);
  },
  squeezeKeepingDims: (n, x) =>
    n.multiply([
      x,
      n.conv2d(n.globalAveragePooling2d(x, { keepDims: true }), { filters: n.channels(x), kernelSize: 1 }),
    ]),
  branches: (n, x) => n.concatenate([x, n.layerNormalization(x), n.conv2d(x, { filters: 2, kernelSize: 1 })]),
  rescaling: (n, x) => n.rescaling(x, { scale: 0.5, offset: -1 }),
  constantNormalization: (n, x) => {
    const channels = Array.from({ length: n.channels(x) }, (_, i) => i + 1);
    return n.normalization(x, { mean: channels, variance: channels });
  },
  normalization: (n, x) => n.normalization(x, { mean: [], variance: [], weights: true }),
  reshape: (n, x) => {
    const [height = 1, width = 1, channels = 1] = n.shape(x) as readonly number[];
    return n.reshape(x, { targetShape: [width, channels, height] });
  },
  dropout: (n, x) => n.dropout(x, { rate: 0.5 }),
};

const ENDS: Readonly<Record<string, (n: NetworkBuilder, x: LayerName) => LayerName>> = {
  map: (_, x) => x,
  flatten: (n, x) => n.dense(n.flatten(x), { units: 4, activation: 'softmax' }),
  pooled: (n, x) => n.batchNormalization(n.dense(n.globalAveragePooling2d(x), { units: 4 })),
  normalizedVector: (n, x) => n.batchNormalization(n.globalAveragePooling2d(x)),
};

const step = fc.record({ kind: fc.constantFrom(...Object.keys(STEPS)), window });
export const networkDescription = fc.record({
  size: fc.tuple(
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 7 }),
    fc.constantFrom(1 as const, 3 as const),
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  end: fc.constantFrom(...Object.keys(ENDS)),
  seed: fc.integer({ min: 0, max: 1_000_000 }),
});
export type NetworkDescription = typeof networkDescription extends fc.Arbitrary<infer T> ? T : never;

function write({ size: [height, width, channels], steps, end }: NetworkDescription): Network {
  const n = createNetworkBuilder('random', { height, width, channels });
  let x = n.input();
  for (const { kind, window: w } of steps) x = STEPS[kind]?.(n, x, w) ?? x;
  ENDS[end]?.(n, x);
  return n.build();
}

/** A network too small for its windows is another test's affair. */
export function buildDescribed(d: NetworkDescription): Network | undefined {
  try {
    return write(d);
  } catch {
    return undefined;
  }
}
