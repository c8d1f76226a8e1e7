// MobileNet (v1), after keras.applications.mobilenet (Keras 3.15), width 1.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { Pair } from '../description/layer.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters and stride of each depthwise separable block, as in table 1 of the paper. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;
/** One row below, one column to the right, whatever the size: unlike the later MobileNets'. */
const STRIDE_PADDING: readonly [Pair, Pair] = [
  [0, 1],
  [0, 1],
];
const DROPOUT_RATE = 1e-3;

/** The classifier is a 1×1 convolution on the pooled features, `[batch, 1, 1, 1024]`. */
export const mobilenet = defineArchitecture({
  name: 'mobilenet',
  title: 'MobileNet',
  paper:
    'Howard et al.: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017, ' +
    'https://arxiv.org/abs/1704.04861',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'global_average_pooling2d',
  weightSources: kerasSources({
    folder: 'mobilenet/',
    // Keras publishes no checksums for these files.
    withoutTop: { file: 'mobilenet_1_0_224_tf_no_top.h5' },
    withTop: { file: 'mobilenet_1_0_224_tf.h5' },
    license: 'Apache-2.0',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.input();
    x = n.conv2d(x, {
      name: 'conv1',
      filters: 32,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
    });
    x = n.relu(n.batchNormalization(x, { name: 'conv1_bn' }), { name: 'conv1_relu', maxValue: 6 });
    BLOCKS.forEach(([filters, strides], i) => {
      const id = i + 1;
      if (strides === 2) x = n.zeroPadding2d(x, { name: `conv_pad_${id}`, padding: STRIDE_PADDING });
      const padding = strides === 2 ? 'valid' : 'same';
      x = n.depthwiseConv2d(x, { name: `conv_dw_${id}`, kernelSize: 3, strides, padding, useBias: false });
      x = n.relu(n.batchNormalization(x, { name: `conv_dw_${id}_bn` }), {
        name: `conv_dw_${id}_relu`,
        maxValue: 6,
      });
      x = n.conv2d(x, { name: `conv_pw_${id}`, filters, kernelSize: 1, padding: 'same', useBias: false });
      x = n.relu(n.batchNormalization(x, { name: `conv_pw_${id}_bn` }), {
        name: `conv_pw_${id}_relu`,
        maxValue: 6,
      });
    });
    x = n.globalAveragePooling2d(x, { keepDims: true });
    x = n.dropout(x, { name: 'dropout', rate: DROPOUT_RATE });
    x = n.conv2d(x, { name: 'conv_preds', filters: classes, kernelSize: 1, padding: 'same' });
    x = n.reshape(x, { name: 'reshape_2', targetShape: [classes] });
    n.activation(x, { name: 'predictions', activation: 'softmax' });
  },
});
