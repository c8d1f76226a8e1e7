// A wider network for handwritten digits than the course's, with batch normalization.

import { defineArchitecture } from '../description/define-architecture.ts';

const FILTERS = [32, 64, 128] as const;

/**
 * Three blocks of two 3×3 convolutions with 32, 64 and 128 maps, each with batch normalization and ReLU, then max pooling; one
 * dense layer on the last maps. 308,266 parameters and 29 million multiply-adds on 28×28×1 with 10 classes.
 *
 * The blocks are VGG's. The last maps are flattened, because where a stroke is tells digits apart.
 */
export const mnistCnnWide = defineArchitecture({
  name: 'mnist_cnn_wide',
  title: 'MNIST CNN (wide)',
  paper:
    'Simonyan, Zisserman: Very Deep Convolutional Networks, 2014, https://arxiv.org/abs/1409.1556 (blocks)',
  license: 'Apache-2.0',
  preprocessing: 'unit',
  defaultInputSize: { height: 28, width: 28, channels: 1 },
  minInputSize: { height: 8, width: 8 },
  featureLayer: 'flatten',
  weightSources: [],
  write: (n, { classes }) => {
    let x = n.input({ name: 'input' });
    FILTERS.forEach((filters, i) => {
      const block = `block${i + 1}`;
      for (const part of ['a', 'b']) {
        const name = `${block}${part}`;
        x = n.conv2d(x, { name: `${name}_conv`, filters, kernelSize: 3, padding: 'same', useBias: false });
        x = n.batchNormalization(x, { name: `${name}_bn` });
        x = n.relu(x, { name: `${name}_relu` });
      }
      x = n.maxPooling2d(x, { name: `${block}_pool`, poolSize: 2, padding: 'same' });
    });
    x = n.flatten(x, { name: 'flatten' });
    x = n.dropout(x, { name: 'dropout', rate: 0.5 });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
