// Pooling and padding.

import { inputOf, type LayerExporter } from './export-context.ts';
import { windowAttributes } from './export-convolution.ts';

export const exportMaxPooling2d: LayerExporter<'max_pooling2d'> = (layer, context) => {
  const attributes = windowAttributes(context.shape(inputOf(layer)), { size: layer.poolSize, ...layer });
  const x = context.read(inputOf(layer), 'nchw');
  return { name: context.graph.node('MaxPool', [x], { name: layer.name, attributes }), layout: 'nchw' };
};

export const exportAveragePooling2d: LayerExporter<'average_pooling2d'> = (layer, context) => {
  const attributes = {
    ...windowAttributes(context.shape(inputOf(layer)), { size: layer.poolSize, ...layer }),
    count_include_pad: 0,
  };
  const x = context.read(inputOf(layer), 'nchw');
  return { name: context.graph.node('AveragePool', [x], { name: layer.name, attributes }), layout: 'nchw' };
};

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

export const exportZeroPadding2d: LayerExporter<'zero_padding2d'> = (layer, { graph, ...context }) => {
  const [[top, bottom], [left, right]] = layer.padding;
  const pads = graph.integers(`${layer.name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
  const x = context.read(inputOf(layer), 'nchw');
  return { name: graph.node('Pad', [x, pads], { name: layer.name }), layout: 'nchw' };
};
