// The course's example for counting parameters and memory: three strided convolutions.

import { defineArchitecture } from '../description/define-architecture.ts';

const FILTERS = [100, 200, 400] as const;

/**
 * 3×3 convolutions with stride 2 and 100, 200 and 400 maps: 903,400 parameters on RGB. A classifier on the means of the
 * last maps makes it trainable; the course's network is the part up to `conv3` (see `cutAfter`).
 */
export const threeConvCnn = defineArchitecture({
  name: 'three_conv_cnn',
  title: 'Three-convolution CNN',
  paper:
    'Géron: Hands-On Machine Learning, chapter 14, Memory Requirements, ' +
    'https://www.oreilly.com/library/view/hands-on-machine-learning/9781492032632/',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 200, width: 300, channels: 3 },
  minInputSize: { height: 8, width: 8 },
  featureLayer: 'avg_pool',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    FILTERS.forEach((filters, i) => {
      const name = `conv${i + 1}`;
      x = n.conv2d(x, { name, filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' });
    });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
