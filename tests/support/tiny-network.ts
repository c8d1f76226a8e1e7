// The network of the small weight files in the shared data, as Keras built it.

import type { Network } from '../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../core/network/description/network-builder.ts';

/** 738 parameters: convolution, batch normalization, depthwise and separable convolution, dense; 32×32×3, 10 classes. */
export function tinyNetwork(): Network {
  const n = createNetworkBuilder('tiny', { height: 32, width: 32, channels: 3 });
  let x = n.input({ name: 'image' });
  x = n.conv2d(x, { name: 'conv', filters: 8, kernelSize: 3, strides: 2, padding: 'same', useBias: false });
  x = n.batchNormalization(x, { name: 'bn' });
  x = n.relu(x, { name: 'relu' });
  x = n.depthwiseConv2d(x, { name: 'depthwise', kernelSize: 3, padding: 'same', useBias: false });
  x = n.batchNormalization(x, { name: 'depthwise_bn' });
  x = n.relu(x, { name: 'depthwise_relu6', maxValue: 6 });
  x = n.separableConv2d(x, {
    name: 'separable',
    filters: 16,
    kernelSize: 3,
    padding: 'same',
    activation: 'relu',
  });
  x = n.maxPooling2d(x, { name: 'pool', poolSize: 2 });
  x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
  x = n.dropout(x, { name: 'dropout', rate: 0.2 });
  n.dense(x, { name: 'predictions', units: 10, activation: 'softmax' });
  return n.build();
}
