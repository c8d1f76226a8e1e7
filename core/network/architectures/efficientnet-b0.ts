// EfficientNetB0, after keras.applications.efficientnet (Keras 3.15), with its preprocessing inside.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { NetworkWeights } from '../description/network.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { stridePadding } from '../description/stride-padding.ts';
import { kerasSources } from './keras-sources.ts';

interface Stage {
  readonly kernelSize: 3 | 5;
  readonly repeats: number;
  readonly filters: number;
  readonly expansion: number;
  readonly stride: 1 | 2;
}

/** Table 1 of the paper. */
const STAGES: readonly Stage[] = [
  { kernelSize: 3, repeats: 1, filters: 16, expansion: 1, stride: 1 },
  { kernelSize: 3, repeats: 2, filters: 24, expansion: 6, stride: 2 },
  { kernelSize: 5, repeats: 2, filters: 40, expansion: 6, stride: 2 },
  { kernelSize: 3, repeats: 3, filters: 80, expansion: 6, stride: 2 },
  { kernelSize: 5, repeats: 3, filters: 112, expansion: 6, stride: 1 },
  { kernelSize: 5, repeats: 4, filters: 192, expansion: 6, stride: 2 },
  { kernelSize: 3, repeats: 1, filters: 320, expansion: 6, stride: 1 },
];
const TOTAL_BLOCKS = STAGES.reduce((sum, stage) => sum + stage.repeats, 0);
/** Channels of the squeeze, as a share of the block's input channels. */
const SQUEEZE_RATIO = 0.25;
/** Share of samples that skip the last block in training; it rises linearly from the first. */
const DROP_CONNECT_RATE = 0.2;
const IMAGENET_STDDEV = [0.229, 0.224, 0.225] as const;

interface BlockOptions extends Stage {
  readonly name: string;
  readonly dropRate: number;
}

function squeezeAndExcitation(n: NetworkBuilder, x: LayerName, name: string, squeezed: number): LayerName {
  const channels = n.channels(x);
  let gate = n.globalAveragePooling2d(x, { name: `${name}_se_squeeze` });
  gate = n.reshape(gate, { name: `${name}_se_reshape`, targetShape: [1, 1, channels] });
  const reduce = { name: `${name}_se_reduce`, filters: squeezed, activation: 'silu' } as const;
  gate = n.conv2d(gate, { ...reduce, kernelSize: 1, padding: 'same' });
  const expand = { name: `${name}_se_expand`, filters: channels, activation: 'sigmoid' } as const;
  gate = n.conv2d(gate, { ...expand, kernelSize: 1, padding: 'same' });
  return n.multiply([x, gate], { name: `${name}_se_excite` });
}

function block(n: NetworkBuilder, input: LayerName, options: BlockOptions): LayerName {
  const { name, kernelSize, filters, expansion, stride, dropRate } = options;
  const channels = n.channels(input);
  let x = input;
  if (expansion > 1) {
    const expanded = {
      filters: channels * expansion,
      kernelSize: 1,
      padding: 'same',
      useBias: false,
    } as const;
    x = n.conv2d(x, { name: `${name}_expand_conv`, ...expanded });
    x = n.batchNormalization(x, { name: `${name}_expand_bn` });
    x = n.activation(x, { name: `${name}_expand_activation`, activation: 'silu' });
  }
  if (stride === 2) {
    x = n.zeroPadding2d(x, { name: `${name}_dwconv_pad`, padding: stridePadding(n.shape(x), kernelSize) });
  }
  const padding = stride === 2 ? 'valid' : 'same';
  x = n.depthwiseConv2d(x, { name: `${name}_dwconv`, kernelSize, strides: stride, padding, useBias: false });
  x = n.batchNormalization(x, { name: `${name}_bn` });
  x = n.activation(x, { name: `${name}_activation`, activation: 'silu' });
  x = squeezeAndExcitation(n, x, name, Math.max(1, Math.floor(channels * SQUEEZE_RATIO)));
  x = n.conv2d(x, { name: `${name}_project_conv`, filters, kernelSize: 1, padding: 'same', useBias: false });
  x = n.batchNormalization(x, { name: `${name}_project_bn` });
  if (stride > 1 || channels !== filters) return x;
  if (dropRate > 0) x = n.dropout(x, { name: `${name}_drop`, rate: dropRate, perSample: true });
  return n.add([x, input], { name: `${name}_add` });
}

/**
 * The published weights were trained on (x - mean) / variance. Keras makes up for it by one more layer where it loads
 * them, a division by the root of the standard deviation; here the variance takes it in.
 */
function withTrainedNormalization(weights: NetworkWeights): NetworkWeights {
  const variance = weights.get('normalization/variance');
  if (variance === undefined) return weights;
  return new Map([
    ...weights,
    ['normalization/variance', variance.map((value, i) => value * (IMAGENET_STDDEV[i] ?? 1))],
  ]);
}

/** The smallest EfficientNet, with Keras's layer names. */
export const efficientnetB0 = defineArchitecture({
  name: 'efficientnet_b0',
  title: 'EfficientNetB0',
  paper:
    'Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019, ' +
    'https://arxiv.org/abs/1905.11946',
  license: 'Apache-2.0',
  preprocessing: 'none',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  channelCounts: [3],
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    baseUrl: 'https://storage.googleapis.com/keras-applications/',
    folder: '',
    withoutTop: { file: 'efficientnetb0_notop.h5', checksum: '50bc09e76180e00e4465e1a485ddc09d' },
    withTop: { file: 'efficientnetb0.h5', checksum: '902e53a9f72be733fc0bcb005b3ebbac' },
    license: 'Apache-2.0',
    size: 224,
  }),
  adaptPublishedWeights: withTrainedNormalization,
  write: (n, { classes }) => {
    let x = n.rescaling(n.input(), { scale: 1 / 255 });
    x = n.normalization(x, { mean: [0, 0, 0], variance: [1, 1, 1], weights: true });
    x = n.zeroPadding2d(x, { name: 'stem_conv_pad', padding: stridePadding(n.shape(x), 3) });
    x = n.conv2d(x, { name: 'stem_conv', filters: 32, kernelSize: 3, strides: 2, useBias: false });
    x = n.batchNormalization(x, { name: 'stem_bn' });
    x = n.activation(x, { name: 'stem_activation', activation: 'silu' });
    let count = 0;
    STAGES.forEach((stage, i) => {
      for (let j = 0; j < stage.repeats; j++) {
        x = block(n, x, {
          ...stage,
          name: `block${i + 1}${String.fromCharCode('a'.charCodeAt(0) + j)}`,
          stride: j === 0 ? stage.stride : 1,
          dropRate: (DROP_CONNECT_RATE * count) / TOTAL_BLOCKS,
        });
        count++;
      }
    });
    x = n.conv2d(x, { name: 'top_conv', filters: 1280, kernelSize: 1, padding: 'same', useBias: false });
    x = n.batchNormalization(x, { name: 'top_bn' });
    x = n.activation(x, { name: 'top_activation', activation: 'silu' });
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    x = n.dropout(x, { name: 'top_dropout', rate: 0.2 });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
