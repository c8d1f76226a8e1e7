// ResNet50 and SE-ResNet50, after keras.applications.resnet (Keras 3.15): the stride is in the first convolution of a
// stage, and convolutions have biases.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters, number of blocks and first stride of each stage. */
const STAGES = [
  { filters: 64, blocks: 3, stride: 1 },
  { filters: 128, blocks: 4, stride: 2 },
  { filters: 256, blocks: 6, stride: 2 },
  { filters: 512, blocks: 3, stride: 2 },
] as const;
const EXPANSION = 4;
/** Channels of the bottleneck in squeeze-and-excitation: one sixteenth, the paper's choice. */
const SQUEEZE_RATIO = 16;
const BATCH_NORMALIZATION = { epsilon: 1.001e-5 };

interface BlockOptions {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
  readonly hasShortcutConvolution: boolean;
  readonly hasSqueeze: boolean;
}

/** Scales each channel by a gate that sees the means of all (Hu, Shen, Albanie, Sun, Wu 2017). */
function squeezeAndExcitation(n: NetworkBuilder, x: LayerName, name: string): LayerName {
  const channels = n.channels(x);
  let gate = n.globalAveragePooling2d(x, { name: `${name}_se_squeeze` });
  gate = n.dense(gate, { name: `${name}_se_reduce`, units: channels / SQUEEZE_RATIO, activation: 'relu' });
  gate = n.dense(gate, { name: `${name}_se_expand`, units: channels, activation: 'sigmoid' });
  gate = n.reshape(gate, { name: `${name}_se_reshape`, targetShape: [1, 1, channels] });
  return n.multiply([x, gate], { name: `${name}_se_scale` });
}

function residualBlock(n: NetworkBuilder, input: LayerName, options: BlockOptions): LayerName {
  const { name, filters, stride, hasShortcutConvolution, hasSqueeze } = options;
  let shortcut = input;
  if (hasShortcutConvolution) {
    const projected = {
      name: `${name}_0_conv`,
      filters: EXPANSION * filters,
      kernelSize: 1,
      strides: stride,
    };
    shortcut = n.batchNormalization(n.conv2d(input, projected), {
      name: `${name}_0_bn`,
      ...BATCH_NORMALIZATION,
    });
  }
  let x = n.conv2d(input, { name: `${name}_1_conv`, filters, kernelSize: 1, strides: stride });
  x = n.batchNormalization(x, { name: `${name}_1_bn`, ...BATCH_NORMALIZATION });
  x = n.activation(x, { name: `${name}_1_relu`, activation: 'relu' });
  x = n.conv2d(x, { name: `${name}_2_conv`, filters, kernelSize: 3, padding: 'same' });
  x = n.batchNormalization(x, { name: `${name}_2_bn`, ...BATCH_NORMALIZATION });
  x = n.activation(x, { name: `${name}_2_relu`, activation: 'relu' });
  x = n.conv2d(x, { name: `${name}_3_conv`, filters: EXPANSION * filters, kernelSize: 1 });
  x = n.batchNormalization(x, { name: `${name}_3_bn`, ...BATCH_NORMALIZATION });
  if (hasSqueeze) x = squeezeAndExcitation(n, x, name);
  x = n.add([shortcut, x], { name: `${name}_add` });
  return n.activation(x, { name: `${name}_out`, activation: 'relu' });
}

function writeResnet(n: NetworkBuilder, classes: number, inputName: string, hasSqueeze: boolean): void {
  let x = n.input({ name: inputName });
  x = n.zeroPadding2d(x, { name: 'conv1_pad', padding: 3 });
  x = n.conv2d(x, { name: 'conv1_conv', filters: 64, kernelSize: 7, strides: 2 });
  x = n.batchNormalization(x, { name: 'conv1_bn', ...BATCH_NORMALIZATION });
  x = n.activation(x, { name: 'conv1_relu', activation: 'relu' });
  x = n.zeroPadding2d(x, { name: 'pool1_pad', padding: 1 });
  x = n.maxPooling2d(x, { name: 'pool1_pool', poolSize: 3, strides: 2 });
  STAGES.forEach(({ filters, blocks, stride }, stage) => {
    for (let block = 1; block <= blocks; block++) {
      const first = block === 1;
      x = residualBlock(n, x, {
        name: `conv${stage + 2}_block${block}`,
        filters,
        stride: first ? stride : 1,
        hasShortcutConvolution: first,
        hasSqueeze,
      });
    }
  });
  x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
  n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
}

/** ResNet of 50 layers, with Keras's layer names. */
export const resnet50 = defineArchitecture({
  name: 'resnet50',
  title: 'ResNet50',
  paper:
    'He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015, https://arxiv.org/abs/1512.03385',
  license: 'Apache-2.0',
  preprocessing: 'caffe',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'resnet/',
    withoutTop: {
      file: 'resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5',
      checksum: '4d473c1dd8becc155b73f8504c6f6626',
    },
    withTop: {
      file: 'resnet50_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '2cb95161c43110f7111970584f804107',
    },
    license: 'MIT',
    size: 224,
  }),
  write: (n, { classes }) => writeResnet(n, classes, 'input_layer', false),
});

/** ResNet50 with squeeze-and-excitation in every block. It has no published weights. */
export const seResnet50 = defineArchitecture({
  name: 'se_resnet50',
  title: 'SE-ResNet50',
  paper:
    'Hu, Shen, Albanie, Sun, Wu: Squeeze-and-Excitation Networks, 2017, https://arxiv.org/abs/1709.01507',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'avg_pool',
  weightSources: [],
  write: (n, { classes }) => writeResnet(n, classes, 'input', true),
});
