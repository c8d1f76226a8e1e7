// MobileNetV2, after keras.applications.mobilenet_v2 (Keras 3.15).

import { defineArchitecture } from '../description/define-architecture.ts';
import { makeDivisible } from '../description/make-divisible.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { stridePadding } from '../description/stride-padding.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters, stride and repetitions of each stage, as in table 2 of the paper; the expansion is 1 in the first, then 6. */
const STAGES = [
  { filters: 16, stride: 1, repeats: 1 },
  { filters: 24, stride: 2, repeats: 2 },
  { filters: 32, stride: 2, repeats: 3 },
  { filters: 64, stride: 2, repeats: 4 },
  { filters: 96, stride: 1, repeats: 3 },
  { filters: 160, stride: 2, repeats: 3 },
  { filters: 320, stride: 1, repeats: 1 },
] as const;
const EXPANSION = 6;
const LAST_FILTERS = 1280;
const BATCH_NORMALIZATION = { epsilon: 1e-3, momentum: 0.999 };

interface BlockOptions {
  readonly id: number;
  readonly filters: number;
  readonly stride: number;
}

function invertedResidualBlock(
  n: NetworkBuilder,
  input: LayerName,
  { id, filters, stride }: BlockOptions,
): LayerName {
  const prefix = id === 0 ? 'expanded_conv' : `block_${id}`;
  let x = input;
  if (id > 0) {
    x = n.conv2d(x, {
      name: `${prefix}_expand`,
      filters: EXPANSION * n.channels(input),
      kernelSize: 1,
      padding: 'same',
      useBias: false,
    });
    x = n.batchNormalization(x, { name: `${prefix}_expand_BN`, ...BATCH_NORMALIZATION });
    x = n.relu(x, { name: `${prefix}_expand_relu`, maxValue: 6 });
  }
  if (stride === 2) x = n.zeroPadding2d(x, { name: `${prefix}_pad`, padding: stridePadding(n.shape(x), 3) });
  x = n.depthwiseConv2d(x, {
    name: `${prefix}_depthwise`,
    kernelSize: 3,
    strides: stride,
    padding: stride === 2 ? 'valid' : 'same',
    useBias: false,
  });
  x = n.batchNormalization(x, { name: `${prefix}_depthwise_BN`, ...BATCH_NORMALIZATION });
  x = n.relu(x, { name: `${prefix}_depthwise_relu`, maxValue: 6 });
  x = n.conv2d(x, { name: `${prefix}_project`, filters, kernelSize: 1, padding: 'same', useBias: false });
  x = n.batchNormalization(x, { name: `${prefix}_project_BN`, ...BATCH_NORMALIZATION });
  return stride === 1 && n.channels(input) === filters ? n.add([input, x], { name: `${prefix}_add` }) : x;
}

/** Keras publishes no checksums for these files: what HTTPS brings is held against the shapes alone. */
function publishedFile(alpha: string, top: '' | '_no_top') {
  return {
    file: `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${alpha}_224${top}.h5`,
    aliases: [`mobilenet_v2_${alpha}_224${top}.h5`],
  };
}

/** @param alpha The width multiplier, written as in Keras's file names. */
const mobilenetV2 = (alpha: '0.35' | '1.0') =>
  defineArchitecture({
    name: `mobilenet_v2_${alpha}`,
    title: `MobileNetV2 (width ${alpha})`,
    paper:
      'Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, ' +
      'https://arxiv.org/abs/1801.04381',
    license: 'Apache-2.0',
    preprocessing: 'tf',
    defaultInputSize: { height: 224, width: 224, channels: 3 },
    minInputSize: { height: 32, width: 32 },
    featureLayer: 'global_average_pooling2d',
    weightSources: kerasSources({
      folder: 'mobilenet_v2/',
      withoutTop: publishedFile(alpha, '_no_top'),
      withTop: publishedFile(alpha, ''),
      license: 'Apache-2.0',
      size: 224,
    }),
    write: (n, { classes }) => {
      const width = Number(alpha);
      let x = n.input();
      x = n.conv2d(x, {
        name: 'Conv1',
        filters: makeDivisible(32 * width),
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        useBias: false,
      });
      x = n.batchNormalization(x, { name: 'bn_Conv1', ...BATCH_NORMALIZATION });
      x = n.relu(x, { name: 'Conv1_relu', maxValue: 6 });
      let id = 0;
      for (const { filters, stride, repeats } of STAGES) {
        for (let i = 0; i < repeats; i++) {
          const narrowed = makeDivisible(Math.floor(filters * width));
          x = invertedResidualBlock(n, x, { id, filters: narrowed, stride: i === 0 ? stride : 1 });
          id++;
        }
      }
      // The last convolution is not narrowed, as the paper says.
      x = n.conv2d(x, { name: 'Conv_1', filters: LAST_FILTERS, kernelSize: 1, useBias: false });
      x = n.batchNormalization(x, { name: 'Conv_1_bn', ...BATCH_NORMALIZATION });
      x = n.relu(x, { name: 'out_relu', maxValue: 6 });
      x = n.globalAveragePooling2d(x);
      n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
    },
  });

/** MobileNetV2 at 0.35 of the usual width: the smallest network with pretrained weights. */
export const mobilenetV2Narrow = mobilenetV2('0.35');
/** MobileNetV2 at its usual width. */
export const mobilenetV2Full = mobilenetV2('1.0');
