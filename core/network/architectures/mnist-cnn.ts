// The course's network for handwritten digits.

import { defineArchitecture } from '../description/define-architecture.ts';

/** Two convolutions, one pooling, two dense layers; 1,625,866 parameters on 28×28×1 with 10 classes. */
export const mnistCnn = defineArchitecture({
  name: 'mnist_cnn',
  title: 'MNIST CNN',
  paper:
    'LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998, ' +
    'http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf (the data set; the network is the course’s)',
  license: 'Apache-2.0',
  preprocessing: 'unit',
  defaultInputSize: { height: 28, width: 28, channels: 1 },
  minInputSize: { height: 2, width: 2 },
  featureLayer: 'dense1',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    x = n.conv2d(x, { name: 'conv1', filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' });
    x = n.conv2d(x, { name: 'conv2', filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' });
    x = n.maxPooling2d(x, { name: 'pool', poolSize: 2 });
    x = n.flatten(x, { name: 'flatten' });
    x = n.dropout(x, { name: 'dropout1', rate: 0.25 });
    x = n.dense(x, { name: 'dense1', units: 128, activation: 'relu' });
    x = n.dropout(x, { name: 'dropout2', rate: 0.5 });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
