// VGG16, after keras.applications.vgg16 (Keras 3.15).

import { defineArchitecture } from '../description/define-architecture.ts';
import { kerasSources } from './keras-sources.ts';

/** Filters of each block and its number of convolutions: configuration D of the paper. */
const BLOCKS = [
  [64, 2],
  [128, 2],
  [256, 3],
  [512, 3],
  [512, 3],
] as const;

/** VGG of 16 layers with weights, with Keras's layer names. */
export const vgg16 = defineArchitecture({
  name: 'vgg16',
  title: 'VGG16',
  paper:
    'Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014, ' +
    'https://arxiv.org/abs/1409.1556',
  license: 'Apache-2.0',
  preprocessing: 'caffe',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'fc2',
  // The file without top lacks fc1 and fc2, the layers below the features.
  weightSources: kerasSources({
    folder: 'vgg16/',
    withTop: {
      file: 'vgg16_weights_tf_dim_ordering_tf_kernels.h5',
      checksum: '64373286793e3c8b2b4e3219cbf3544b',
    },
    license: 'CC-BY-4.0',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.input();
    BLOCKS.forEach(([filters, convolutions], i) => {
      const block = `block${i + 1}`;
      for (let j = 1; j <= convolutions; j++) {
        x = n.conv2d(x, {
          name: `${block}_conv${j}`,
          filters,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        });
      }
      x = n.maxPooling2d(x, { name: `${block}_pool`, poolSize: 2 });
    });
    x = n.flatten(x, { name: 'flatten' });
    x = n.dense(x, { name: 'fc1', units: 4096, activation: 'relu' });
    x = n.dense(x, { name: 'fc2', units: 4096, activation: 'relu' });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
