// InceptionV3, after keras.applications.inception_v3 (Keras 3.15). Keras names its convolutions by number alone, so that
// the order of the calls below is part of the description.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { Padding } from '../description/layer.ts';
import type { PairLike } from '../description/layer-defaults.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

interface ConvolutionOptions {
  readonly strides?: number;
  readonly padding?: Padding;
}

/** A convolution without bias, batch normalization without gamma, ReLU. */
function convolution(
  n: NetworkBuilder,
  x: LayerName,
  filters: number,
  kernelSize: PairLike,
  { strides = 1, padding = 'same' }: ConvolutionOptions = {},
): LayerName {
  const y = n.conv2d(x, { filters, kernelSize, strides, padding, useBias: false });
  return n.activation(n.batchNormalization(y, { scale: false }), { activation: 'relu' });
}

/** Convolutions one after the other. */
const chain = (
  n: NetworkBuilder,
  x: LayerName,
  steps: readonly (readonly [filters: number, kernelSize: PairLike])[],
) => steps.reduce((y, [filters, kernelSize]) => convolution(n, y, filters, kernelSize), x);

function pooled(n: NetworkBuilder, x: LayerName, filters: number): LayerName {
  return convolution(n, n.averagePooling2d(x, { poolSize: 3, strides: 1, padding: 'same' }), filters, 1);
}

/** Figure 5 of the paper, with 5×5 in the place of the first pair of 3×3. */
function moduleA(n: NetworkBuilder, x: LayerName, name: string, poolFilters: number): LayerName {
  const branches = [
    convolution(n, x, 64, 1),
    chain(n, x, [
      [48, 1],
      [64, 5],
    ]),
    chain(n, x, [
      [64, 1],
      [96, 3],
      [96, 3],
    ]),
    pooled(n, x, poolFilters),
  ];
  return n.concatenate(branches, { name });
}

/** Figure 6: convolutions of 7×7 taken apart. */
function moduleB(n: NetworkBuilder, x: LayerName, name: string, filters: number): LayerName {
  const branches = [
    convolution(n, x, 192, 1),
    chain(n, x, [
      [filters, 1],
      [filters, [1, 7]],
      [192, [7, 1]],
    ]),
    chain(n, x, [
      [filters, 1],
      [filters, [7, 1]],
      [filters, [1, 7]],
      [filters, [7, 1]],
      [192, [1, 7]],
    ]),
    pooled(n, x, 192),
  ];
  return n.concatenate(branches, { name });
}

/** Figure 7: branches that end in a pair beside each other. */
function moduleC(n: NetworkBuilder, x: LayerName, name: string, pairName: string): LayerName {
  const pair = (y: LayerName) => [convolution(n, y, 384, [1, 3]), convolution(n, y, 384, [3, 1])];
  const single = convolution(n, x, 320, 1);
  const short = n.concatenate(pair(convolution(n, x, 384, 1)), { name: pairName });
  const long = n.concatenate(
    pair(
      chain(n, x, [
        [448, 1],
        [384, 3],
      ]),
    ),
  );
  return n.concatenate([single, short, long, pooled(n, x, 192)], { name });
}

const HALVED = { strides: 2, padding: 'valid' } as const;

function reductionA(n: NetworkBuilder, x: LayerName): LayerName {
  const single = convolution(n, x, 384, 3, HALVED);
  const double = convolution(
    n,
    chain(n, x, [
      [64, 1],
      [96, 3],
    ]),
    96,
    3,
    HALVED,
  );
  return n.concatenate([single, double, n.maxPooling2d(x, { poolSize: 3, strides: 2 })], { name: 'mixed3' });
}

function reductionB(n: NetworkBuilder, x: LayerName): LayerName {
  const short = convolution(n, convolution(n, x, 192, 1), 320, 3, HALVED);
  const long = convolution(
    n,
    chain(n, x, [
      [192, 1],
      [192, [1, 7]],
      [192, [7, 1]],
    ]),
    192,
    3,
    HALVED,
  );
  return n.concatenate([short, long, n.maxPooling2d(x, { poolSize: 3, strides: 2 })], { name: 'mixed8' });
}

/** InceptionV3 without auxiliary classifier, with Keras's layer names. */
export const inceptionV3 = defineArchitecture({
  name: 'inception_v3',
  title: 'InceptionV3',
  paper:
    'Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer Vision, 2015, ' +
    'https://arxiv.org/abs/1512.00567',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 299, width: 299, channels: 3 },
  minInputSize: { height: 75, width: 75 },
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'inception_v3/',
    withoutTop: {
      file: 'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5',
      checksum: 'bcbd6486424b2319ff4ef7d526e38f63',
    },
    withTop: {
      file: 'inception_v3_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '9a0d58056eeedaa3f26cb7ebd46da564',
    },
    license: 'Apache-2.0',
    size: 299,
  }),
  write: (n, { classes }) => {
    let x = n.input();
    x = convolution(n, x, 32, 3, HALVED);
    x = convolution(n, x, 32, 3, { padding: 'valid' });
    x = convolution(n, x, 64, 3);
    x = n.maxPooling2d(x, { poolSize: 3, strides: 2 });
    x = convolution(n, x, 80, 1, { padding: 'valid' });
    x = convolution(n, x, 192, 3, { padding: 'valid' });
    x = n.maxPooling2d(x, { poolSize: 3, strides: 2 });
    x = moduleA(n, x, 'mixed0', 32);
    x = moduleA(n, x, 'mixed1', 64);
    x = moduleA(n, x, 'mixed2', 64);
    x = reductionA(n, x);
    x = moduleB(n, x, 'mixed4', 128);
    x = moduleB(n, x, 'mixed5', 160);
    x = moduleB(n, x, 'mixed6', 160);
    x = moduleB(n, x, 'mixed7', 192);
    x = reductionB(n, x);
    x = moduleC(n, x, 'mixed9', 'mixed9_0');
    x = moduleC(n, x, 'mixed10', 'mixed9_1');
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
