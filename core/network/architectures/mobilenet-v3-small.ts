// MobileNetV3Small, after keras.applications.mobilenet_v3 (Keras 3.15), width 1, with its preprocessing inside.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { Activation } from '../description/layer.ts';
import { makeDivisible } from '../description/make-divisible.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { stridePadding } from '../description/stride-padding.ts';
import { kerasSources } from './keras-sources.ts';

interface Block {
  /** Channels between expansion and projection, as a multiple of the input's. */
  readonly expansion: number;
  readonly filters: number;
  readonly kernelSize: 3 | 5;
  readonly stride: 1 | 2;
  readonly hasSqueeze: boolean;
  readonly activation: 'relu' | 'hard_silu';
}

/** Table 2 of the paper. */
const BLOCKS: readonly Block[] = [
  { expansion: 1, filters: 16, kernelSize: 3, stride: 2, hasSqueeze: true, activation: 'relu' },
  { expansion: 72 / 16, filters: 24, kernelSize: 3, stride: 2, hasSqueeze: false, activation: 'relu' },
  { expansion: 88 / 24, filters: 24, kernelSize: 3, stride: 1, hasSqueeze: false, activation: 'relu' },
  { expansion: 4, filters: 40, kernelSize: 5, stride: 2, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 6, filters: 40, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 6, filters: 40, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 3, filters: 48, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 3, filters: 48, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 6, filters: 96, kernelSize: 5, stride: 2, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 6, filters: 96, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
  { expansion: 6, filters: 96, kernelSize: 5, stride: 1, hasSqueeze: true, activation: 'hard_silu' },
];
const SQUEEZE_RATIO = 0.25;
const LAST_EXPANSION = 6;
const CLASSIFIER_FILTERS = 1024;
const BATCH_NORMALIZATION = { epsilon: 1e-3, momentum: 0.999 };

/** Keras has a ReLU layer for one and an Activation layer for the other, numbered apart. */
const activate = (n: NetworkBuilder, x: LayerName, activation: Block['activation']) =>
  activation === 'relu' ? n.relu(x) : n.activation(x, { activation });

function squeezeAndExcitation(n: NetworkBuilder, x: LayerName, prefix: string): LayerName {
  const name = `${prefix}_squeeze_excite`;
  const channels = n.channels(x);
  const squeezed = makeDivisible(channels * SQUEEZE_RATIO);
  // Keras writes the gate as (x + 3), ReLU6, times 1/6; only the ReLU6 is a layer there and has a name.
  const gateActivation: Activation = 'hard_sigmoid';
  let gate = n.globalAveragePooling2d(x, { name: `${name}_avg_pool`, keepDims: true });
  gate = n.conv2d(gate, { name: `${name}_conv`, filters: squeezed, kernelSize: 1, padding: 'same' });
  gate = n.relu(gate, { name: `${name}_relu` });
  gate = n.conv2d(gate, { name: `${name}_conv_1`, filters: channels, kernelSize: 1, padding: 'same' });
  gate = n.relu(gate, { activation: gateActivation });
  return n.multiply([x, gate], { name: `${name}_mul` });
}

function invertedResidualBlock(n: NetworkBuilder, input: LayerName, block: Block, id: number): LayerName {
  const { expansion, filters, kernelSize, stride, hasSqueeze, activation } = block;
  const prefix = id === 0 ? 'expanded_conv' : `expanded_conv_${id}`;
  const normalize = (y: LayerName, name: string) =>
    n.batchNormalization(y, { name: `${prefix}_${name}_bn`, ...BATCH_NORMALIZATION });
  const pointwise = (y: LayerName, name: string, count: number) =>
    normalize(
      n.conv2d(y, {
        name: `${prefix}_${name}`,
        filters: count,
        kernelSize: 1,
        padding: 'same',
        useBias: false,
      }),
      name,
    );
  let x = input;
  if (id > 0) {
    x = activate(n, pointwise(x, 'expand', makeDivisible(n.channels(x) * expansion)), activation);
  }
  if (stride === 2) {
    x = n.zeroPadding2d(x, {
      name: `${prefix}_depthwise_pad`,
      padding: stridePadding(n.shape(x), kernelSize),
    });
  }
  x = n.depthwiseConv2d(x, {
    name: `${prefix}_depthwise`,
    kernelSize,
    strides: stride,
    padding: stride === 2 ? 'valid' : 'same',
    useBias: false,
  });
  x = activate(n, normalize(x, 'depthwise'), activation);
  if (hasSqueeze) x = squeezeAndExcitation(n, x, prefix);
  x = pointwise(x, 'project', filters);
  return stride === 1 && n.channels(input) === filters ? n.add([input, x], { name: `${prefix}_add` }) : x;
}

/** The classifier is two 1×1 convolutions on the pooled features, `[batch, 1, 1, 576]`. */
export const mobilenetV3Small = defineArchitecture({
  name: 'mobilenet_v3_small',
  title: 'MobileNetV3Small',
  paper: 'Howard et al.: Searching for MobileNetV3, 2019, https://arxiv.org/abs/1905.02244',
  license: 'Apache-2.0',
  preprocessing: 'none',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  featureLayer: 'global_average_pooling2d',
  weightSources: kerasSources({
    folder: 'mobilenet_v3/',
    withoutTop: {
      file: 'weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5',
      checksum: 'd3e8ec802a04aa4fc771ee12a9a9b836',
    },
    withTop: {
      file: 'weights_mobilenet_v3_small_224_1.0_float.h5',
      checksum: '8768d4c2e7dee89b9d02b2d03d65d862',
    },
    license: 'Apache-2.0',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.rescaling(n.input(), { scale: 1 / 127.5, offset: -1 });
    x = n.conv2d(x, {
      name: 'conv',
      filters: 16,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
    });
    x = n.batchNormalization(x, { name: 'conv_bn', ...BATCH_NORMALIZATION });
    x = n.activation(x, { activation: 'hard_silu' });
    BLOCKS.forEach((block, id) => {
      x = invertedResidualBlock(n, x, block, id);
    });
    const filters = makeDivisible(n.channels(x) * LAST_EXPANSION);
    x = n.conv2d(x, { name: 'conv_1', filters, kernelSize: 1, padding: 'same', useBias: false });
    x = n.batchNormalization(x, { name: 'conv_1_bn', ...BATCH_NORMALIZATION });
    x = n.activation(x, { activation: 'hard_silu' });
    x = n.globalAveragePooling2d(x, { keepDims: true });
    x = n.conv2d(x, { name: 'conv_2', filters: CLASSIFIER_FILTERS, kernelSize: 1, padding: 'same' });
    x = n.activation(x, { activation: 'hard_silu' });
    x = n.dropout(x, { rate: 0.2 });
    x = n.conv2d(x, { name: 'logits', filters: classes, kernelSize: 1, padding: 'same' });
    n.activation(n.flatten(x), { name: 'predictions', activation: 'softmax' });
  },
});
