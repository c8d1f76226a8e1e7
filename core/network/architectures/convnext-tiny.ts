// ConvNeXtTiny, after keras.applications.convnext (Keras 3.15), with its preprocessing inside. Keras keeps the layers of
// the stem and of the downsampling in Sequential containers; here they stand on their own.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

const NAME = 'convnext_tiny';
/** Channels and number of blocks of each stage. */
const STAGES = [
  { channels: 96, blocks: 3 },
  { channels: 192, blocks: 3 },
  { channels: 384, blocks: 9 },
  { channels: 768, blocks: 3 },
] as const;
const EPSILON = 1e-6;
const LAYER_SCALE = 1e-6;
/** Mean and variance of ImageNet's RGB values, on the scale 0..255. */
const IMAGENET_MEAN = [0.485 * 255, 0.456 * 255, 0.406 * 255];
const IMAGENET_VARIANCE = [(0.229 * 255) ** 2, (0.224 * 255) ** 2, (0.225 * 255) ** 2];

function block(n: NetworkBuilder, input: LayerName, name: string): LayerName {
  const channels = n.channels(input);
  let x = n.conv2d(input, {
    name: `${name}_depthwise_conv`,
    filters: channels,
    kernelSize: 7,
    padding: 'same',
    groups: channels,
  });
  x = n.layerNormalization(x, { name: `${name}_layernorm`, epsilon: EPSILON });
  x = n.dense(x, { name: `${name}_pointwise_conv_1`, units: 4 * channels });
  x = n.activation(x, { name: `${name}_gelu`, activation: 'gelu' });
  x = n.dense(x, { name: `${name}_pointwise_conv_2`, units: channels });
  x = n.layerScale(x, { name: `${name}_layer_scale`, initialValue: LAYER_SCALE });
  x = n.activation(x, { name: `${name}_identity`, activation: 'linear' });
  return n.add([input, x]);
}

function downsample(n: NetworkBuilder, input: LayerName, index: number, channels: number): LayerName {
  const name = (part: string) => `${NAME}_downsampling_${part}_${index}`;
  const x = n.layerNormalization(input, { name: name('layernorm'), epsilon: EPSILON });
  return n.conv2d(x, { name: name('conv'), filters: channels, kernelSize: 2, strides: 2 });
}

/** ConvNeXt in its smallest published size, with Keras's layer names: 28,589,128 parameters with 1000 classes. */
export const convnextTiny = defineArchitecture({
  name: NAME,
  title: 'ConvNeXtTiny',
  paper:
    'Liu, Mao, Wu, Feichtenhofer, Darrell, Xie: A ConvNet for the 2020s, 2022, https://arxiv.org/abs/2201.03545',
  license: 'Apache-2.0',
  preprocessing: 'none',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  channelCounts: [3],
  // Below the last layer normalization, which the file without top has under another name.
  featureLayer: `${NAME}_head_gap`,
  weightSources: kerasSources({
    folder: 'convnext/',
    withoutTop: {
      file: 'convnext_tiny_notop.h5',
      checksum: 'd547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1',
    },
    withTop: {
      file: 'convnext_tiny.h5',
      checksum: '8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff',
    },
    license: 'MIT',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.input();
    x = n.normalization(x, {
      name: `${NAME}_prestem_normalization`,
      mean: IMAGENET_MEAN,
      variance: IMAGENET_VARIANCE,
    });
    STAGES.forEach(({ channels, blocks }, stage) => {
      if (stage === 0) {
        x = n.conv2d(x, { name: `${NAME}_stem_conv`, filters: channels, kernelSize: 4, strides: 4 });
        x = n.layerNormalization(x, { name: `${NAME}_stem_layernorm`, epsilon: EPSILON });
      } else {
        x = downsample(n, x, stage - 1, channels);
      }
      for (let i = 0; i < blocks; i++) x = block(n, x, `${NAME}_stage_${stage}_block_${i}`);
    });
    x = n.globalAveragePooling2d(x, { name: `${NAME}_head_gap` });
    x = n.layerNormalization(x, { name: `${NAME}_head_layernorm`, epsilon: EPSILON });
    n.dense(x, { name: `${NAME}_head_dense`, units: classes, activation: 'softmax' });
  },
});
