// ResNet50V2, after keras.applications.resnet_v2 (Keras 3.15): normalization and activation come before the convolutions,
// and the stride is in the last block of a stage.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters, number of blocks and last stride of each stage. */
const STAGES = [
  { filters: 64, blocks: 3, stride: 2 },
  { filters: 128, blocks: 4, stride: 2 },
  { filters: 256, blocks: 6, stride: 2 },
  { filters: 512, blocks: 3, stride: 1 },
] as const;
const EXPANSION = 4;
const BATCH_NORMALIZATION = { epsilon: 1.001e-5 };

interface BlockOptions {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
  readonly hasShortcutConvolution: boolean;
}

function normalizedRelu(n: NetworkBuilder, x: LayerName, name: string): LayerName {
  const normalized = n.batchNormalization(x, { name: `${name}_bn`, ...BATCH_NORMALIZATION });
  return n.activation(normalized, { name: `${name}_relu`, activation: 'relu' });
}

function preactivatedBlock(n: NetworkBuilder, input: LayerName, options: BlockOptions): LayerName {
  const { name, filters, stride, hasShortcutConvolution } = options;
  const preactivated = normalizedRelu(n, input, `${name}_preact`);
  let shortcut = input;
  if (hasShortcutConvolution) {
    const projection = {
      name: `${name}_0_conv`,
      filters: EXPANSION * filters,
      kernelSize: 1,
      strides: stride,
    };
    shortcut = n.conv2d(preactivated, projection);
  } else if (stride > 1) {
    shortcut = n.maxPooling2d(input, { poolSize: 1, strides: stride });
  }
  let x = n.conv2d(preactivated, { name: `${name}_1_conv`, filters, kernelSize: 1, useBias: false });
  x = normalizedRelu(n, x, `${name}_1`);
  x = n.zeroPadding2d(x, { name: `${name}_2_pad`, padding: 1 });
  x = n.conv2d(x, { name: `${name}_2_conv`, filters, kernelSize: 3, strides: stride, useBias: false });
  x = normalizedRelu(n, x, `${name}_2`);
  x = n.conv2d(x, { name: `${name}_3_conv`, filters: EXPANSION * filters, kernelSize: 1 });
  return n.add([shortcut, x], { name: `${name}_out` });
}

/** ResNet of 50 layers with preactivation, with Keras's layer names. */
export const resnet50V2 = defineArchitecture({
  name: 'resnet50_v2',
  title: 'ResNet50V2',
  paper:
    'He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, 2016, https://arxiv.org/abs/1603.05027',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'resnet/',
    withoutTop: {
      file: 'resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5',
      checksum: 'fac2f116257151a9d068a22e544a4917',
    },
    withTop: {
      file: 'resnet50v2_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '3ef43a0b657b3be2300d5770ece849e0',
    },
    license: 'Apache-2.0',
    size: 299,
  }),
  write: (n, { classes }) => {
    let x = n.input();
    x = n.zeroPadding2d(x, { name: 'conv1_pad', padding: 3 });
    x = n.conv2d(x, { name: 'conv1_conv', filters: 64, kernelSize: 7, strides: 2 });
    x = n.zeroPadding2d(x, { name: 'pool1_pad', padding: 1 });
    x = n.maxPooling2d(x, { name: 'pool1_pool', poolSize: 3, strides: 2 });
    STAGES.forEach(({ filters, blocks, stride }, stage) => {
      for (let block = 1; block <= blocks; block++) {
        x = preactivatedBlock(n, x, {
          name: `conv${stage + 2}_block${block}`,
          filters,
          stride: block === blocks ? stride : 1,
          hasShortcutConvolution: block === 1,
        });
      }
    });
    x = normalizedRelu(n, x, 'post');
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
