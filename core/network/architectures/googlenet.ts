// GoogLeNet (Inception v1) without its auxiliary classifiers.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';

/** Constants of Caffe's bvlc_googlenet, with the bias of AlexNet's paper. */
const LOCAL_RESPONSE = { depthRadius: 2, bias: 2, alpha: 1e-4, beta: 0.75 };

/** Filters of a module, named as in table 1 of the paper. */
interface Module {
  readonly id: string;
  readonly '1x1': number;
  readonly '3x3_reduce': number;
  readonly '3x3': number;
  readonly '5x5_reduce': number;
  readonly '5x5': number;
  readonly pool_proj: number;
}

const inceptionModule = (
  id: string,
  ...filters: readonly [number, number, number, number, number, number]
): Module => ({
  id,
  '1x1': filters[0],
  '3x3_reduce': filters[1],
  '3x3': filters[2],
  '5x5_reduce': filters[3],
  '5x5': filters[4],
  pool_proj: filters[5],
});

/** Stages with a max pooling between one and the next. */
const STAGES: readonly (readonly Module[])[] = [
  [inceptionModule('3a', 64, 96, 128, 16, 32, 32), inceptionModule('3b', 128, 128, 192, 32, 96, 64)],
  [
    inceptionModule('4a', 192, 96, 208, 16, 48, 64),
    inceptionModule('4b', 160, 112, 224, 24, 64, 64),
    inceptionModule('4c', 128, 128, 256, 24, 64, 64),
    inceptionModule('4d', 112, 144, 288, 32, 64, 64),
    inceptionModule('4e', 256, 160, 320, 32, 128, 128),
  ],
  [inceptionModule('5a', 256, 160, 320, 32, 128, 128), inceptionModule('5b', 384, 192, 384, 48, 128, 128)],
];

function convolution(
  n: NetworkBuilder,
  x: LayerName,
  name: string,
  filters: number,
  kernelSize: number,
  strides = 1,
) {
  return n.conv2d(x, { name, filters, kernelSize, strides, padding: 'same', activation: 'relu' });
}

function inception(n: NetworkBuilder, x: LayerName, module: Module): LayerName {
  const name = (part: string) => `inception_${module.id}_${part}`;
  const reduced = (part: '3x3' | '5x5') =>
    convolution(n, x, name(`${part}_reduce`), module[`${part}_reduce`], 1);
  const branches = [
    convolution(n, x, name('1x1'), module['1x1'], 1),
    convolution(n, reduced('3x3'), name('3x3'), module['3x3'], 3),
    convolution(n, reduced('5x5'), name('5x5'), module['5x5'], 5),
    convolution(
      n,
      n.maxPooling2d(x, { name: name('pool'), poolSize: 3, strides: 1, padding: 'same' }),
      name('pool_proj'),
      module.pool_proj,
      1,
    ),
  ];
  return n.concatenate(branches, { name: name('output') });
}

/** GoogLeNet, named after the paper: 6,998,552 parameters with 1000 classes. */
export const googlenet = defineArchitecture({
  name: 'googlenet',
  title: 'GoogLeNet (Inception v1)',
  paper: 'Szegedy et al.: Going Deeper with Convolutions, 2014, https://arxiv.org/abs/1409.4842',
  license: 'Apache-2.0',
  preprocessing: 'tf',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'avg_pool',
  weightSources: [],
  write: (n, { classes }) => {
    const pool = (x: LayerName, name: string) =>
      n.maxPooling2d(x, { name, poolSize: 3, strides: 2, padding: 'same' });
    let x = n.input({ name: 'input' });
    x = pool(convolution(n, x, 'conv1', 64, 7, 2), 'pool1');
    x = n.localResponseNormalization(x, { name: 'norm1', ...LOCAL_RESPONSE });
    x = convolution(n, x, 'conv2_reduce', 64, 1);
    x = convolution(n, x, 'conv2', 192, 3);
    x = n.localResponseNormalization(x, { name: 'norm2', ...LOCAL_RESPONSE });
    STAGES.forEach((modules, stage) => {
      x = pool(x, `pool${stage + 2}`);
      for (const module of modules) x = inception(n, x, module);
    });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    x = n.dropout(x, { name: 'dropout', rate: 0.4 });
    n.dense(x, { name: 'output', units: classes, activation: 'softmax' });
  },
});
