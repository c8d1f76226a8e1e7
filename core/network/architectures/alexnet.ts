// AlexNet in one tower, as for one GPU.

import { defineArchitecture } from '../description/define-architecture.ts';

/** The paper's constants, section 3.3. */
const LOCAL_RESPONSE = { depthRadius: 2, bias: 2, alpha: 1e-4, beta: 0.75 };

/** AlexNet has 62,378,344 parameters on 227×227×3 with 1000 classes. */
export const alexnet = defineArchitecture({
  name: 'alexnet',
  title: 'AlexNet',
  paper:
    'Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, 2012, ' +
    'https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 227, width: 227, channels: 3 },
  minInputSize: { height: 67, width: 67 },
  featureLayer: 'fc7',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    x = n.conv2d(x, { name: 'conv1', filters: 96, kernelSize: 11, strides: 4, activation: 'relu' });
    x = n.localResponseNormalization(x, { name: 'norm1', ...LOCAL_RESPONSE });
    x = n.maxPooling2d(x, { name: 'pool1', poolSize: 3, strides: 2 });
    x = n.conv2d(x, { name: 'conv2', filters: 256, kernelSize: 5, padding: 'same', activation: 'relu' });
    x = n.localResponseNormalization(x, { name: 'norm2', ...LOCAL_RESPONSE });
    x = n.maxPooling2d(x, { name: 'pool2', poolSize: 3, strides: 2 });
    x = n.conv2d(x, { name: 'conv3', filters: 384, kernelSize: 3, padding: 'same', activation: 'relu' });
    x = n.conv2d(x, { name: 'conv4', filters: 384, kernelSize: 3, padding: 'same', activation: 'relu' });
    x = n.conv2d(x, { name: 'conv5', filters: 256, kernelSize: 3, padding: 'same', activation: 'relu' });
    x = n.maxPooling2d(x, { name: 'pool5', poolSize: 3, strides: 2 });
    x = n.flatten(x, { name: 'flatten' });
    x = n.dense(x, { name: 'fc6', units: 4096, activation: 'relu' });
    x = n.dropout(x, { name: 'drop6', rate: 0.5 });
    x = n.dense(x, { name: 'fc7', units: 4096, activation: 'relu' });
    x = n.dropout(x, { name: 'drop7', rate: 0.5 });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
