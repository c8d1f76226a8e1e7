// Exports normalizations that are not folded into a neighboring layer, and preprocessing layers.

import { inputOf } from '../description/layer-links.ts';
import { lastAxis } from '../description/shapes.ts';
import { addChannelAffine, type LayerExporter } from './export-context.ts';
import { batchNormalizationAffine } from './fold-layers.ts';

/** Keras's `epsilon()`, below which Normalization does not divide. */
const KERAS_EPSILON = 1e-7;

/** A BatchNormalization on maps; on vectors a product and a sum. */
export const exportBatchNormalization: LayerExporter<'batch_normalization'> = (layer, context) => {
  const { graph, weight } = context;
  const input = inputOf(layer);
  const rank = context.shape(input).length + 1;
  if (rank === 2) {
    const affine = batchNormalizationAffine(layer, new Map(weightEntries(layer, weight)));
    return addChannelAffine(
      context,
      { name: context.read(input, 'nhwc'), layout: 'nhwc' },
      rank,
      affine,
      layer.name,
    );
  }
  const channels = lastAxis(context.shape(input));
  const gamma = layer.scale ? weight(`${layer.name}/gamma`) : new Float32Array(channels).fill(1);
  const constant = (name: string, values: Float32Array) =>
    graph.constant(`${layer.name}/${name}`, values, [channels]);
  const name = graph.node(
    'BatchNormalization',
    [
      context.read(input, 'nchw'),
      constant('gamma', gamma),
      constant('beta', weight(`${layer.name}/beta`)),
      constant('moving_mean', weight(`${layer.name}/moving_mean`)),
      constant('moving_variance', weight(`${layer.name}/moving_variance`)),
    ],
    { name: layer.name, attributes: { epsilon: { float: layer.epsilon } } },
  );
  return { name, layout: 'nchw' };
};

function weightEntries(
  layer: Parameters<typeof exportBatchNormalization>[0],
  weight: (key: string) => Float32Array,
): readonly (readonly [string, Float32Array])[] {
  const names = [...(layer.scale ? ['gamma'] : []), 'beta', 'moving_mean', 'moving_variance'];
  return names.map((name) => [`${layer.name}/${name}`, weight(`${layer.name}/${name}`)]);
}

/** A LayerNormalization over the channels, in Keras's layout. */
export const exportLayerNormalization: LayerExporter<'layer_normalization'> = (layer, context) => {
  const { graph, weight } = context;
  const input = inputOf(layer);
  const channels = lastAxis(context.shape(input));
  const name = graph.node(
    'LayerNormalization',
    [
      context.read(input, 'nhwc'),
      graph.constant(`${layer.name}/gamma`, weight(`${layer.name}/gamma`), [channels]),
      graph.constant(`${layer.name}/beta`, weight(`${layer.name}/beta`), [channels]),
    ],
    { name: layer.name, attributes: { axis: -1, epsilon: { float: layer.epsilon } } },
  );
  return { name, layout: 'nhwc' };
};

/** A product with one factor for each channel. */
export const exportLayerScale: LayerExporter<'layer_scale'> = (layer, context) => {
  const input = inputOf(layer);
  const scale = Float64Array.from(context.weight(`${layer.name}/gamma`));
  const layout = context.layoutOf(input);
  const x = { name: context.read(input, layout), layout };
  const affine = { scale, shift: new Float64Array(scale.length) };
  return addChannelAffine(context, x, context.shape(input).length + 1, affine, layer.name);
};

/** An LRN, whose alpha ONNX divides by the size of the window. */
export const exportLocalResponseNormalization: LayerExporter<'local_response_normalization'> = (
  layer,
  context,
) => {
  const size = 2 * layer.depthRadius + 1;
  const name = context.graph.node('LRN', [context.read(inputOf(layer), 'nchw')], {
    name: layer.name,
    attributes: {
      // ONNX divides alpha by the size of the window, TensorFlow does not.
      alpha: { float: layer.alpha * size },
      beta: { float: layer.beta },
      bias: { float: layer.bias },
      size,
    },
  });
  return { name, layout: 'nchw' };
};

/** A number for all channels, or one for each. */
const perChannel = (value: number | readonly number[], channels: number): Float64Array =>
  typeof value === 'number' ? new Float64Array(channels).fill(value) : Float64Array.from(value);

/** A product and a sum. */
export const exportRescaling: LayerExporter<'rescaling'> = (layer, context) => {
  const input = inputOf(layer);
  const shape = context.shape(input);
  const layout = context.layoutOf(input);
  const affine = {
    scale: perChannel(layer.scale, lastAxis(shape)),
    shift: perChannel(layer.offset, lastAxis(shape)),
  };
  return addChannelAffine(
    context,
    { name: context.read(input, layout), layout },
    shape.length + 1,
    affine,
    layer.name,
  );
};

/** A product and a sum that subtract the mean and divide by the standard deviation. */
export const exportNormalization: LayerExporter<'normalization'> = (layer, context) => {
  const input = inputOf(layer);
  const layout = context.layoutOf(input);
  const mean = layer.weights ? context.weight(`${layer.name}/mean`) : layer.mean;
  const variance = layer.weights ? context.weight(`${layer.name}/variance`) : layer.variance;
  const scale = Float64Array.from(variance, (v) => 1 / Math.max(Math.sqrt(v), KERAS_EPSILON));
  const affine = { scale, shift: scale.map((s, i) => -(mean[i] ?? 0) * s) };
  const rank = context.shape(input).length + 1;
  return addChannelAffine(context, { name: context.read(input, layout), layout }, rank, affine, layer.name);
};
