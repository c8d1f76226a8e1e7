// Xception, after keras.applications.xception (Keras 3.15). Keras names the shortcuts by number alone.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters of the two convolutions in the blocks of the entry flow, 2 to 4. */
const ENTRY_FILTERS = [128, 256, 728] as const;
const MIDDLE_FILTERS = 728;
const MIDDLE_BLOCKS = [5, 6, 7, 8, 9, 10, 11, 12] as const;
const EXIT_BLOCK = 13;
const EXIT_FILTERS = [728, 1024] as const;
const LAST_BLOCK = 14;
const LAST_FILTERS = [1536, 2048] as const;

function separable(n: NetworkBuilder, x: LayerName, name: string, filters: number): LayerName {
  const y = n.separableConv2d(x, { name, filters, kernelSize: 3, padding: 'same', useBias: false });
  return n.batchNormalization(y, { name: `${name}_bn` });
}

/** Two separable convolutions and a max pooling beside a strided 1×1 convolution. */
function downsamplingBlock(
  n: NetworkBuilder,
  input: LayerName,
  block: number,
  [first, second]: readonly [number, number],
): LayerName {
  const name = `block${block}`;
  const relu = (x: LayerName, i: number) =>
    n.activation(x, { name: `${name}_sepconv${i}_act`, activation: 'relu' });
  const projection = { filters: second, kernelSize: 1, strides: 2, padding: 'same', useBias: false } as const;
  const shortcut = n.batchNormalization(n.conv2d(input, projection));
  // The entry of block 2 has its activation already.
  let x = separable(n, block === 2 ? input : relu(input, 1), `${name}_sepconv1`, first);
  x = separable(n, relu(x, 2), `${name}_sepconv2`, second);
  x = n.maxPooling2d(x, { name: `${name}_pool`, poolSize: 3, strides: 2, padding: 'same' });
  return n.add([x, shortcut]);
}

function middleBlock(n: NetworkBuilder, input: LayerName, block: number): LayerName {
  let x = input;
  for (let i = 1; i <= 3; i++) {
    const name = `block${block}_sepconv${i}`;
    x = separable(n, n.activation(x, { name: `${name}_act`, activation: 'relu' }), name, MIDDLE_FILTERS);
  }
  return n.add([x, input]);
}

/** Xception, with Keras's layer names. */
export const xception = defineArchitecture({
  name: 'xception',
  title: 'Xception',
  paper:
    'Chollet: Xception: Deep Learning with Depthwise Separable Convolutions, 2016, https://arxiv.org/abs/1610.02357',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 299, width: 299, channels: 3 },
  minInputSize: { height: 71, width: 71 },
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'xception/',
    withoutTop: {
      file: 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5',
      checksum: 'b0042744bf5b25fce3cb969f33bebb97',
    },
    withTop: {
      file: 'xception_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '0a58e3b7378bc2990ea3b43d5981f1f6',
    },
    license: 'MIT',
    size: 299,
  }),
  write: (n, { classes }) => {
    const relu = (y: LayerName, name: string) => n.activation(y, { name, activation: 'relu' });
    let x = n.input();
    x = n.conv2d(x, { name: 'block1_conv1', filters: 32, kernelSize: 3, strides: 2, useBias: false });
    x = relu(n.batchNormalization(x, { name: 'block1_conv1_bn' }), 'block1_conv1_act');
    x = n.conv2d(x, { name: 'block1_conv2', filters: 64, kernelSize: 3, useBias: false });
    x = relu(n.batchNormalization(x, { name: 'block1_conv2_bn' }), 'block1_conv2_act');
    ENTRY_FILTERS.forEach((filters, i) => {
      x = downsamplingBlock(n, x, i + 2, [filters, filters]);
    });
    for (const block of MIDDLE_BLOCKS) x = middleBlock(n, x, block);
    x = downsamplingBlock(n, x, EXIT_BLOCK, EXIT_FILTERS);
    LAST_FILTERS.forEach((filters, i) => {
      const name = `block${LAST_BLOCK}_sepconv${i + 1}`;
      x = relu(separable(n, x, name, filters), `${name}_act`);
    });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
