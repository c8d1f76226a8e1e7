// A network small enough to train from scratch in a minute on a back end without a GPU. The demo uses it.

import { defineArchitecture } from '../description/define-architecture.ts';

const FILTERS = [16, 32, 64, 96] as const;

/**
 * Four 3×3 convolutions, each with ReLU and max pooling, then the mean of each map; about 80,000 parameters.
 *
 * No batch normalization: its statistics are poor on the small data sets and few steps that this network is for, and
 * its gradient costs the portable back end as much as the convolution's. The mean over each map, in the place of a
 * flattened dense layer, keeps the network small and free of the input size.
 */
export const smallCnn = defineArchitecture({
  name: 'small_cnn',
  title: 'Small CNN',
  paper: 'Lin, Chen, Yan: Network In Network, 2013, https://arxiv.org/abs/1312.4400 (global average pooling)',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 48, width: 48, channels: 3 },
  minInputSize: { height: 16, width: 16 },
  featureLayer: 'avg_pool',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    FILTERS.forEach((filters, i) => {
      x = n.conv2d(x, { name: `conv${i + 1}`, filters, kernelSize: 3, padding: 'same', activation: 'relu' });
      x = n.maxPooling2d(x, { name: `pool${i + 1}`, poolSize: 2 });
    });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    x = n.dropout(x, { name: 'dropout', rate: 0.2 });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
