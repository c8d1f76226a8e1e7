// EfficientNetV2B0, after keras.applications.efficientnet_v2 (Keras 3.15), with its preprocessing inside.

import { defineArchitecture } from '../description/define-architecture.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { kerasSources } from './keras-sources.ts';

interface Stage {
  /** One full convolution for the expansion and the depthwise convolution together. */
  readonly isFused: boolean;
  readonly repeats: number;
  readonly filters: number;
  readonly expansion: number;
  readonly stride: 1 | 2;
}

const STAGES: readonly Stage[] = [
  { isFused: true, repeats: 1, filters: 16, expansion: 1, stride: 1 },
  { isFused: true, repeats: 2, filters: 32, expansion: 4, stride: 2 },
  { isFused: true, repeats: 2, filters: 48, expansion: 4, stride: 2 },
  { isFused: false, repeats: 3, filters: 96, expansion: 4, stride: 2 },
  { isFused: false, repeats: 5, filters: 112, expansion: 6, stride: 1 },
  { isFused: false, repeats: 8, filters: 192, expansion: 6, stride: 2 },
];
const TOTAL_BLOCKS = STAGES.reduce((sum, stage) => sum + stage.repeats, 0);
/** Channels of the squeeze, as a share of the block's input channels, in blocks that are not fused. */
const SQUEEZE_RATIO = 0.25;
/** Share of samples that skip the last block in training; it rises linearly from the first. */
const SURVIVAL_DROP_RATE = 0.2;
const BATCH_NORMALIZATION = { momentum: 0.9 };

interface BlockOptions extends Stage {
  readonly name: string;
  readonly dropRate: number;
}

function convolution(
  n: NetworkBuilder,
  x: LayerName,
  {
    name,
    filters,
    kernelSize,
    strides = 1,
  }: { name: string; filters: number; kernelSize: number; strides?: number },
): LayerName {
  return n.conv2d(x, { name: `${name}_conv`, filters, kernelSize, strides, padding: 'same', useBias: false });
}

function normalizedSilu(n: NetworkBuilder, x: LayerName, name: string): LayerName {
  const y = n.batchNormalization(x, { name: `${name}bn`, ...BATCH_NORMALIZATION });
  return n.activation(y, { name: `${name}activation`, activation: 'silu' });
}

function withShortcut(
  n: NetworkBuilder,
  x: LayerName,
  input: LayerName,
  { name, stride, dropRate }: BlockOptions,
) {
  if (stride > 1 || n.channels(x) !== n.channels(input)) return x;
  const dropped = dropRate > 0 ? n.dropout(x, { name: `${name}_drop`, rate: dropRate, perSample: true }) : x;
  return n.add([dropped, input], { name: `${name}_add` });
}

function fusedBlock(n: NetworkBuilder, input: LayerName, options: BlockOptions): LayerName {
  const { name, filters, expansion, stride } = options;
  if (expansion === 1) {
    const x = convolution(n, input, { name: `${name}_project`, filters, kernelSize: 3, strides: stride });
    return withShortcut(n, normalizedSilu(n, x, `${name}_project_`), input, options);
  }
  const expanded = {
    name: `${name}_expand`,
    filters: n.channels(input) * expansion,
    kernelSize: 3,
    strides: stride,
  };
  let x = normalizedSilu(n, convolution(n, input, expanded), `${name}_expand_`);
  x = convolution(n, x, { name: `${name}_project`, filters, kernelSize: 1 });
  x = n.batchNormalization(x, { name: `${name}_project_bn`, ...BATCH_NORMALIZATION });
  return withShortcut(n, x, input, options);
}

function depthwiseBlock(n: NetworkBuilder, input: LayerName, options: BlockOptions): LayerName {
  const { name, filters, expansion, stride } = options;
  const channels = n.channels(input);
  let x = convolution(n, input, { name: `${name}_expand`, filters: channels * expansion, kernelSize: 1 });
  x = normalizedSilu(n, x, `${name}_expand_`);
  const depthwise = { name: `${name}_dwconv2`, kernelSize: 3, strides: stride, padding: 'same' } as const;
  x = normalizedSilu(n, n.depthwiseConv2d(x, { ...depthwise, useBias: false }), `${name}_`);
  x = squeezeAndExcitation(n, x, name, Math.max(1, Math.floor(channels * SQUEEZE_RATIO)));
  x = convolution(n, x, { name: `${name}_project`, filters, kernelSize: 1 });
  x = n.batchNormalization(x, { name: `${name}_project_bn`, ...BATCH_NORMALIZATION });
  return withShortcut(n, x, input, options);
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

/** The smallest EfficientNetV2 of Keras, with its layer names. */
export const efficientnetV2B0 = defineArchitecture({
  name: 'efficientnet_v2_b0',
  title: 'EfficientNetV2B0',
  paper:
    'Tan, Le: EfficientNetV2: Smaller Models and Faster Training, 2021, https://arxiv.org/abs/2104.00298',
  license: 'Apache-2.0',
  preprocessing: 'none',
  defaultInputSize: { height: 224, width: 224, channels: 3 },
  minInputSize: { height: 32, width: 32 },
  channelCounts: [3],
  featureLayer: 'avg_pool',
  weightSources: kerasSources({
    folder: 'efficientnet_v2/',
    withoutTop: { file: 'efficientnetv2-b0_notop.h5', checksum: '893217f2bb855e2983157299931e43ff' },
    withTop: { file: 'efficientnetv2-b0.h5', checksum: '21ecbf6da12460d5c40bb2f29ceb2188' },
    license: 'Apache-2.0',
    size: 224,
  }),
  write: (n, { classes }) => {
    let x = n.rescaling(n.input(), { scale: 1 / 255 });
    x = n.normalization(x, { mean: [0.485, 0.456, 0.406], variance: [0.229 ** 2, 0.224 ** 2, 0.225 ** 2] });
    x = convolution(n, x, { name: 'stem', filters: 32, kernelSize: 3, strides: 2 });
    x = normalizedSilu(n, x, 'stem_');
    let count = 0;
    STAGES.forEach((stage, i) => {
      for (let j = 0; j < stage.repeats; j++) {
        const options = {
          ...stage,
          name: `block${i + 1}${String.fromCharCode('a'.charCodeAt(0) + j)}`,
          stride: j === 0 ? stage.stride : 1,
          dropRate: (SURVIVAL_DROP_RATE * count) / TOTAL_BLOCKS,
        } as const;
        x = stage.isFused ? fusedBlock(n, x, options) : depthwiseBlock(n, x, options);
        count++;
      }
    });
    x = convolution(n, x, { name: 'top', filters: 1280, kernelSize: 1 });
    x = normalizedSilu(n, x, 'top_');
    x = n.globalAveragePooling2d(x, { name: 'avg_pool' });
    x = n.dropout(x, { name: 'top_dropout', rate: 0.2 });
    n.dense(x, { name: 'predictions', units: classes, activation: 'softmax' });
  },
});
