// Exports a network and its weights as an ONNX model for serving. What each layer becomes is in the files beside it. Knows no
// TensorFlow and no storage.

import { FoveaError } from '../../errors/errors.ts';
import { present } from '../../present.ts';
import type { Layer, LayerType } from '../description/layer.ts';
import { outputLayerOf } from '../description/layer-links.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { layerShapes, type Shape, shapeOf } from '../description/shapes.ts';
import { checkWeights, readWeight } from '../weights/read-weight.ts';
import type { ExportContext, LayerExporter, Layout, Value } from './export-context.ts';
import { exportConv2d, exportDepthwiseConv2d, exportSeparableConv2d } from './export-convolution.ts';
import { exportDense } from './export-dense.ts';
import {
  exportActivation,
  exportAdd,
  exportConcatenate,
  exportDropout,
  exportFlatten,
  exportMultiply,
  exportReshape,
} from './export-elementwise.ts';
import {
  exportBatchNormalization,
  exportLayerNormalization,
  exportLayerScale,
  exportLocalResponseNormalization,
  exportNormalization,
  exportRescaling,
} from './export-normalization.ts';
import {
  exportAveragePooling2d,
  exportGlobalAveragePooling2d,
  exportMaxPooling2d,
  exportZeroPadding2d,
} from './export-pooling.ts';
import { foldLayers } from './fold-layers.ts';
import { createOnnxGraph, type Dimension } from './onnx-graph.ts';

/** Name of the input of every exported model. */
export const ONNX_INPUT_NAME = 'input';
/** Name of the output of every exported model, unless `outputName` says another. */
export const ONNX_OUTPUT_NAME = 'probabilities';

/** Names of outputs, and further outputs. */
export interface ToOnnxOptions {
  /** Name of the last layer's output. Default: `probabilities`. */
  readonly outputName?: string;
  /** Layers whose outputs become outputs too, in Keras's layout, each named after its layer. */
  readonly layerOutputs?: readonly string[];
}

const EXPORTERS: { readonly [T in Exclude<LayerType, 'input'>]: LayerExporter<T> } = {
  conv2d: exportConv2d,
  depthwise_conv2d: exportDepthwiseConv2d,
  separable_conv2d: exportSeparableConv2d,
  dense: exportDense,
  batch_normalization: exportBatchNormalization,
  layer_normalization: exportLayerNormalization,
  layer_scale: exportLayerScale,
  local_response_normalization: exportLocalResponseNormalization,
  activation: exportActivation,
  max_pooling2d: exportMaxPooling2d,
  average_pooling2d: exportAveragePooling2d,
  global_average_pooling2d: exportGlobalAveragePooling2d,
  zero_padding2d: exportZeroPadding2d,
  add: exportAdd,
  multiply: exportMultiply,
  concatenate: exportConcatenate,
  flatten: exportFlatten,
  reshape: exportReshape,
  dropout: exportDropout,
  rescaling: exportRescaling,
  normalization: exportNormalization,
};

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

/** Dimensions such as `['batch', 224, 224, 3]`. Open sizes get names, different for each input and output. */
const toDimensions = (name: string, shape: Shape): readonly Dimension[] => [
  'batch',
  ...shape.map((size, axis) => size ?? `${name}_${axis === 0 ? 'height' : 'width'}`),
];

/** The outputs of layers, in each layout that was read so far. */
function createValues(graph: ExportContext['graph'], shapes: ReadonlyMap<string, Shape>) {
  const values = new Map<string, { readonly layout: Layout; readonly names: Map<Layout, string> }>();
  const outputOf = (layer: string) => {
    const value = values.get(layer);
    if (value === undefined)
      throw new FoveaError('network-invalid', `Layer "${layer}" is read before it is there.`);
    return value;
  };
  return {
    set: (layer: string, { name, layout }: Value) =>
      values.set(layer, { layout, names: new Map([[layout, name]]) }),
    /** Gives a layer without nodes the output of another. */
    alias: (layer: string, source: string) => values.set(layer, outputOf(source)),
    layoutOf: (layer: string) => outputOf(layer).layout,
    read(layer: string, layout: Layout): string {
      const { layout: native, names } = outputOf(layer);
      const source = present(names.get(native), `a value of layer "${layer}"`);
      const isVector = shapeOf(shapes, layer).length < 3;
      if (isVector) return source;
      const known = names.get(layout);
      if (known !== undefined) return known;
      const perm = layout === 'nchw' ? TO_NCHW : TO_NHWC;
      const transposed = graph.node('Transpose', [source], {
        name: `${layer}_${layout}`,
        attributes: { perm },
      });
      names.set(layout, transposed);
      return transposed;
    },
  };
}

/**
 * Makes an `.onnx` file, opset 17. Its input `input` is float32 `[batch, height, width, channels]`, as in Keras; its output is that
 * of the last layer (`probabilities` `[batch, classes]` of a classifier). The batch size is open.
 *
 * Convolutions work on channels first. Batch normalization, layer scale and zero padding are folded into them in float64 where
 * nothing else reads the values between. Outputs agree with Keras to the rounding of float32.
 *
 * @throws {FoveaError} `weights-mismatch` for weights that are missing or of another size, `layer-unknown` for an
 * output that is no layer.
 */
export function toOnnx(network: Network, weights: NetworkWeights, options: ToOnnxOptions = {}): Uint8Array {
  const { outputName = ONNX_OUTPUT_NAME, layerOutputs = [] } = options;
  checkWeights(network, weights);
  const shapes = layerShapes(network);
  const unknown = layerOutputs.find((layer) => !shapes.has(layer));
  if (unknown !== undefined) {
    throw new FoveaError(
      'layer-unknown',
      `Network "${network.name}" has no layer "${unknown}", whose output was asked for.`,
      {
        param: unknown,
      },
    );
  }
  const graph = createOnnxGraph(network.name);
  for (const name of [outputName, ...layerOutputs]) graph.reserve(name);

  const last = outputLayerOf(network);
  const folds = foldLayers(network, weights, new Set(layerOutputs));
  const values = createValues(graph, shapes);
  const context: ExportContext = {
    graph,
    folds,
    read: values.read,
    layoutOf: values.layoutOf,
    shape: (layer) => shapeOf(shapes, layer),
    weight: (key) => readWeight(weights, key),
  };
  for (const layer of network.layers) {
    const source = folds.absorbed.get(layer.name);
    if (source !== undefined) values.alias(layer.name, source);
    else values.set(layer.name, exportLayer(layer, context));
  }

  graph.output(values.read(last, 'nhwc'), outputName, toDimensions(outputName, shapeOf(shapes, last)));
  for (const layer of layerOutputs) {
    graph.output(values.read(layer, 'nhwc'), layer, toDimensions(layer, shapeOf(shapes, layer)));
  }
  return graph.encode();
}

function exportLayer(layer: Layer, context: ExportContext): Value {
  if (layer.type === 'input') {
    return {
      name: context.graph.input(ONNX_INPUT_NAME, toDimensions(ONNX_INPUT_NAME, layer.shape)),
      layout: 'nhwc',
    };
  }
  // The table has the right exporter for each type, which TypeScript cannot follow through a union.
  const exporter = EXPORTERS[layer.type] as LayerExporter<typeof layer.type>;
  return exporter(layer as never, context);
}
