// Exports pooling and zero padding.

import type { AveragePooling2dLayer, MaxPooling2dLayer } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import type { ExportContext, LayerExporter } from './export-context.ts';
import type { AttributeValue } from './onnx-schema.ts';
import { isUnpadded, windowAttributes } from './window-attributes.ts';

/**
 * Attributes of a pooling. The padding is given by name where possible. Given in numbers, ONNX Runtime (1.30) takes the zeros of a
 * Pad node below for the pooling's own padding, which does not count, so that negative maxima win. By name, it fails where windows
 * are further apart than they are wide; those have numbers.
 */
function poolingAttributes(
  layer: MaxPooling2dLayer | AveragePooling2dLayer,
  context: ExportContext,
): Readonly<Record<string, AttributeValue>> {
  const { poolSize, strides, padding } = layer;
  const attributes = { kernel_shape: poolSize, strides };
  const folded = context.folds.paddings.get(layer.name);
  if (folded !== undefined) {
    const [[top, bottom], [left, right]] = folded.padding;
    return { ...attributes, pads: [top, left, bottom, right] };
  }
  if (isUnpadded(poolSize, padding)) return { ...attributes, auto_pad: 'VALID' };
  const overlapping = strides[0] <= poolSize[0] && strides[1] <= poolSize[1];
  if (overlapping) return { ...attributes, auto_pad: 'SAME_UPPER' };
  return windowAttributes(context.shape(inputOf(layer)), { size: poolSize, strides, padding });
}

/** A MaxPool on `nchw`. */
export const exportMaxPooling2d: LayerExporter<'max_pooling2d'> = (layer, context) => {
  const x = context.read(inputOf(layer), 'nchw');
  const attributes = poolingAttributes(layer, context);
  return { name: context.graph.node('MaxPool', [x], { name: layer.name, attributes }), layout: 'nchw' };
};

/** An AveragePool on `nchw` that does not count padding. */
export const exportAveragePooling2d: LayerExporter<'average_pooling2d'> = (layer, context) => {
  const x = context.read(inputOf(layer), 'nchw');
  const attributes = { ...poolingAttributes(layer, context), count_include_pad: 0 };
  return { name: context.graph.node('AveragePool', [x], { name: layer.name, attributes }), layout: 'nchw' };
};

/** The mean over all places, in the layout of the input; without `keepDims` it comes out as a vector. */
export const exportGlobalAveragePooling2d: LayerExporter<'global_average_pooling2d'> = (
  layer,
  { graph, ...context },
) => {
  const input = inputOf(layer);
  const { name } = layer;
  if (context.layoutOf(input) === 'nhwc') {
    const attributes = { axes: [1, 2], keepdims: layer.keepDims ? 1 : 0 };
    return {
      name: graph.node('ReduceMean', [context.read(input, 'nhwc')], { name, attributes }),
      layout: 'nhwc',
    };
  }
  const mean = graph.node('GlobalAveragePool', [context.read(input, 'nchw')], { name });
  if (layer.keepDims) return { name: mean, layout: 'nchw' };
  return { name: graph.node('Flatten', [mean], { name, attributes: { axis: 1 } }), layout: 'nhwc' };
};

/** A Pad on `nchw`. */
export const exportZeroPadding2d: LayerExporter<'zero_padding2d'> = (layer, { graph, ...context }) => {
  const [[top, bottom], [left, right]] = layer.padding;
  const pads = graph.integers(`${layer.name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
  const x = context.read(inputOf(layer), 'nchw');
  return { name: graph.node('Pad', [x, pads], { name: layer.name }), layout: 'nchw' };
};
