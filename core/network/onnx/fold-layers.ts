// Finds the layers that need no node of their own: batch normalization and layer scale are folded into the convolution or dense
// layer below, zero padding into the convolution or pooling above.

import type { Activation, Layer, ZeroPadding2dLayer } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { readWeight } from '../weights/read-weight.ts';

/** The function y * scale + shift, with one pair for each channel, in float64 until it meets the kernel. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Which layers are folded into which. */
export interface Folds {
  /** What is folded into a convolution or dense layer, before any activation; by the name of that layer. */
  readonly affines: ReadonlyMap<string, { readonly affine: ChannelAffine; readonly layer: string }>;
  /** The zero padding that is folded into a convolution or max pooling; by the name of that layer. */
  readonly paddings: ReadonlyMap<string, ZeroPadding2dLayer>;
  /** Layers without a node, to the layer whose output they pass on. */
  readonly absorbed: ReadonlyMap<string, string>;
}

/**
 * Batch normalization in inference, gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one product and one sum.
 * @throws {FoveaError} `weights-mismatch` where a weight is missing.
 */
export function batchNormalizationAffine(
  layer: Extract<Layer, { type: 'batch_normalization' }>,
  weights: NetworkWeights,
): ChannelAffine {
  const beta = readWeight(weights, `${layer.name}/beta`);
  const mean = readWeight(weights, `${layer.name}/moving_mean`);
  const variance = readWeight(weights, `${layer.name}/moving_variance`);
  const gamma = layer.scale ? readWeight(weights, `${layer.name}/gamma`) : undefined;
  const scale = Float64Array.from(variance, (v, i) => (gamma?.[i] ?? 1) / Math.sqrt(v + layer.epsilon));
  return { scale, shift: Float64Array.from(beta, (b, i) => b - (mean[i] ?? 0) * (scale[i] ?? 0)) };
}

function affineOf(layer: Layer, weights: NetworkWeights): ChannelAffine | undefined {
  if (layer.type === 'batch_normalization') return batchNormalizationAffine(layer, weights);
  if (layer.type !== 'layer_scale') return undefined;
  const scale = Float64Array.from(readWeight(weights, `${layer.name}/gamma`));
  return { scale, shift: new Float64Array(scale.length) };
}

const hasKernel = (layer: Layer) =>
  layer.type === 'conv2d' ||
  layer.type === 'depthwise_conv2d' ||
  layer.type === 'separable_conv2d' ||
  layer.type === 'dense';

/** Activations without negative values. */
const NON_NEGATIVE: readonly Activation[] = ['relu', 'relu6', 'sigmoid', 'hard_sigmoid', 'softmax'];

/** Whether a layer can take over the zero padding below it. @param padded The layer whose output is padded. */
function canPad(layer: Layer, { padding }: ZeroPadding2dLayer, padded: Layer | undefined): boolean {
  if (layer.type === 'max_pooling2d') {
    // Its own padding counts as less than any value, and so is zero to a map without negative values, as long as every
    // window meets the map.
    const isSmaller = padding.every((sides, axis) => Math.max(...sides) < (layer.poolSize[axis] ?? 0));
    const isNonNegative =
      padded !== undefined && 'activation' in padded && NON_NEGATIVE.includes(padded.activation);
    return layer.padding === 'valid' && isSmaller && isNonNegative;
  }
  return hasKernel(layer) && layer.type !== 'dense' && layer.padding === 'valid';
}

/**
 * Finds all folds of a network.
 * @param kept Names of layers whose own outputs are asked for, which therefore stay as they are.
 * @throws {FoveaError} `weights-mismatch` where a weight is missing.
 */
export function foldLayers(network: Network, weights: NetworkWeights, kept: ReadonlySet<string>): Folds {
  const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
  const readers = new Map<string, number>();
  for (const input of network.layers.flatMap((layer) => layer.inputs)) {
    readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  const hasOneReader = (name: string) => readers.get(name) === 1 && !kept.has(name);

  const affines = new Map<string, { affine: ChannelAffine; layer: string }>();
  const paddings = new Map<string, ZeroPadding2dLayer>();
  const absorbed = new Map<string, string>();
  for (const layer of network.layers) {
    const [input] = layer.inputs;
    const below = input === undefined ? undefined : byName.get(input);
    if (below === undefined || !hasOneReader(below.name)) continue;
    if (hasKernel(below) && below.activation === 'linear') {
      const affine = affineOf(layer, weights);
      if (affine !== undefined) {
        affines.set(below.name, { affine, layer: layer.name });
        absorbed.set(layer.name, below.name);
      }
    }
    if (below.type === 'zero_padding2d' && canPad(layer, below, byName.get(inputOf(below)))) {
      paddings.set(layer.name, below);
      absorbed.set(below.name, inputOf(below));
    }
  }
  return { affines, paddings, absorbed };
}
