// Exports activations, sums and products, and layers that only change the shape.

import { present } from '../../present.ts';
import type { Layer } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import {
  addActivation,
  channelAxis,
  type ExportContext,
  type LayerExporter,
  type Value,
} from './export-context.ts';

/** Reshape copies a dimension of its input where the new shape says 0. */
const KEEP_BATCH = 0;

const passOn = (layer: Layer, context: ExportContext): Value => {
  const layout = context.layoutOf(inputOf(layer));
  return { name: context.read(inputOf(layer), layout), layout };
};

/** An activation in the layout of its input. */
export const exportActivation: LayerExporter<'activation'> = (layer, context) => {
  const rank = context.shape(inputOf(layer)).length + 1;
  return addActivation(context, passOn(layer, context), rank, layer.activation, layer.name);
};

/** Nothing: inference passes the input on. */
export const exportDropout: LayerExporter<'dropout'> = passOn;

/** In the layout of the first input; further ones are transposed to it where they have another. */
function exportChain(opType: 'Add' | 'Mul', layer: Layer, context: ExportContext): Value {
  const layout = context.layoutOf(inputOf(layer));
  const [first, ...rest] = layer.inputs.map((input) => context.read(input, layout));
  const name = rest.reduce(
    (sum, next) => context.graph.node(opType, [sum, next], { name: layer.name }),
    present(first, `an input of layer "${layer.name}"`),
  );
  return { name, layout };
}

/** The sum of the inputs, in the layout of the first. */
export const exportAdd: LayerExporter<'add'> = (layer, context) => exportChain('Add', layer, context);

/** The product of the inputs, in the layout of the first. */
export const exportMultiply: LayerExporter<'multiply'> = (layer, context) =>
  exportChain('Mul', layer, context);

/** A Concat along the channels, in the layout of the first input. */
export const exportConcatenate: LayerExporter<'concatenate'> = (layer, context) => {
  const layout = context.layoutOf(inputOf(layer));
  const inputs = layer.inputs.map((input) => context.read(input, layout));
  const axis = channelAxis(layout, context.shape(inputOf(layer)).length + 1);
  return { name: context.graph.node('Concat', inputs, { name: layer.name, attributes: { axis } }), layout };
};

/** A Flatten in the order height, width, channels, on which Keras's dense kernels count. */
export const exportFlatten: LayerExporter<'flatten'> = (layer, context) => {
  const x = context.read(inputOf(layer), 'nhwc');
  const name = context.graph.node('Flatten', [x], { name: layer.name, attributes: { axis: 1 } });
  return { name, layout: 'nhwc' };
};

/** A Reshape in Keras's order of axes. A single pixel comes out as `nchw`, everything else as `nhwc`. */
export const exportReshape: LayerExporter<'reshape'> = (layer, { graph, ...context }) => {
  const { name, targetShape } = layer;
  const reshape = (shape: readonly number[]) =>
    graph.node(
      'Reshape',
      [context.read(inputOf(layer), 'nhwc'), graph.integers(`${name}/shape`, [KEEP_BATCH, ...shape])],
      {
        name,
      },
    );
  const [height, width, channels] = targetShape;
  // A single pixel is the same in both layouts: given in the one that convolutions and products want.
  if (targetShape.length === 3 && height === 1 && width === 1 && channels !== undefined) {
    return { name: reshape([channels, 1, 1]), layout: 'nchw' };
  }
  return { name: reshape(targetShape), layout: 'nhwc' };
};
