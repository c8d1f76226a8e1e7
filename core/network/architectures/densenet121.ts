// DenseNet121, after keras.applications.densenet (Keras 3.15).

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

/** Layers of the dense blocks; a transition follows all but the last. */
const BLOCKS = [6, 12, 24, 16] as const;
const GROWTH = 32;
const BATCH_NORMALIZATION = { epsilon: 1.001e-5 };

function normalizedRelu(n: NetworkBuilder, x: LayerName, name: string): LayerName {
  const normalized = n.batchNormalization(x, { name: `${name}_bn`, ...BATCH_NORMALIZATION });
  return n.activation(normalized, { name: `${name}_relu`, activation: 'relu' });
}

/** Adds `GROWTH` channels to its input. */
function denseLayer(n: NetworkBuilder, input: LayerName, name: string): LayerName {
  let x = normalizedRelu(n, input, `${name}_0`);
  x = n.conv2d(x, { name: `${name}_1_conv`, filters: 4 * GROWTH, kernelSize: 1, useBias: false });
  x = normalizedRelu(n, x, `${name}_1`);
  x = n.conv2d(x, {
    name: `${name}_2_conv`,
    filters: GROWTH,
    kernelSize: 3,
    padding: 'same',
    useBias: false,
  });
  return n.concatenate([input, x], { name: `${name}_concat` });
}

/** Halves channels, height and width. */
function transition(n: NetworkBuilder, input: LayerName, name: string): LayerName {
  const x = normalizedRelu(n, input, name);
  const y = n.conv2d(x, { name: `${name}_conv`, filters: n.channels(x) / 2, kernelSize: 1, useBias: false });
  return n.averagePooling2d(y, { name: `${name}_pool`, poolSize: 2 });
}

/** DenseNet of 121 layers, with Keras's layer names. */
export const densenet121 = defineArchitecture({
  name: 'densenet121',
  title: 'DenseNet121',
  paper:
    'Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, 2016, ' +
    'https://arxiv.org/abs/1608.06993',
  license: 'Apache-2.0',
  preprocessing: 'torch',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'densenet/',
    withoutTop: {
      file: 'densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5',
      checksum: '30ee3e1110167f948a6b9946edeeb738',
    },
    withTop: {
      file: 'densenet121_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '9d60b8095a5708f2dcce2bca79d332c7',
    },
    license: 'BSD-3-Clause',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.zeroPadding2d(n.input(), { padding: 3 });
    x = n.conv2d(x, { name: 'conv1_conv', filters: 64, kernelSize: 7, strides: 2, useBias: false });
    x = normalizedRelu(n, x, 'conv1');
    x = n.maxPooling2d(n.zeroPadding2d(x, { padding: 1 }), { name: 'pool1', poolSize: 3, strides: 2 });
    BLOCKS.forEach((layers, i) => {
      const stage = i + 2;
      for (let j = 1; j <= layers; j++) x = denseLayer(n, x, `conv${stage}_block${j}`);
      if (stage < BLOCKS.length + 1) x = transition(n, x, `pool${stage}`);
    });
    x = n.batchNormalization(x, { name: 'bn', ...BATCH_NORMALIZATION });
    x = n.activation(x, { name: 'relu', activation: 'relu' });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
