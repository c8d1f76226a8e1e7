// LeNet-5, with a dense softmax output, as is usual today, in the place of radial basis functions.

import { defineArchitecture } from '../description/define-architecture.ts';

/** LeNet-5 has 61,706 parameters on 32×32×1 with 10 classes. Its C3 reads all maps of S2; in the paper it reads only some. */
export const lenet5 = defineArchitecture({
  name: 'lenet5',
  title: 'LeNet-5',
  paper:
    'LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998, ' +
    'http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 32, width: 32, channels: 1 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'F6',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    x = n.conv2d(x, { name: 'C1', filters: 6, kernelSize: 5, activation: 'tanh' });
    x = n.averagePooling2d(x, { name: 'S2', poolSize: 2 });
    x = n.conv2d(x, { name: 'C3', filters: 16, kernelSize: 5, activation: 'tanh' });
    x = n.averagePooling2d(x, { name: 'S4', poolSize: 2 });
    x = n.conv2d(x, { name: 'C5', filters: 120, kernelSize: 5, activation: 'tanh' });
    x = n.flatten(x, { name: 'flatten' });
    x = n.dense(x, { name: 'F6', units: 84, activation: 'tanh' });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
