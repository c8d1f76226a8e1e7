// Makes one flat network of a saved Keras model, whose layers may be models themselves, as a Sequential of a backbone and a head is.

import { FoveaError } from '../../errors/errors.ts';
import type { InputSize, Network } from '../description/network.ts';
import { createNetworkBuilder, type LayerName, type NetworkBuilder } from '../description/network-builder.ts';
import { KERAS_LAYERS, layerReader } from './keras-layers.ts';
import {
  asList,
  isModel,
  parseModel,
  parseTopology,
  shownName,
  type TopologyLayer,
  topologyUnsupported,
} from './topology.ts';

/** How deep models may lie within models; three are usual. */
const MAX_DEPTH = 16;
const INPUT = 'InputLayer';
/** Height and width at most, as for imported ONNX files. */
const MAX_SIDE = 2048;

/** The side of square pictures, for models that leave it open. */
export interface NetworkOfOptions {
  readonly imageSize?: number | undefined;
}

/**
 * Makes a network with the layers, and the names, of a saved model.
 * @param saved `model_config` of an HDF5 file, or `modelTopology` of a `model.json`; untrusted.
 * @throws {FoveaError} `model-unsupported`, naming the layer that cannot be imported.
 */
export function networkOf(saved: unknown, { imageSize }: NetworkOfOptions = {}): Network {
  const topology = parseTopology(saved);
  const n = createNetworkBuilder(topology.name, inputSizeOf(topology, imageSize));
  try {
    const output = append(n, topology, [n.input({ name: inputNameOf(topology) })], 0);
    const network = n.build();
    if (network.layers.at(-1)?.name === output) return network;
    throw topologyUnsupported(`its output is not its last layer but ${shownName(output)}.`);
  } catch (error) {
    if (!(error instanceof FoveaError) || error.code === 'model-unsupported') throw error;
    // Names that occur twice, and shapes that do not fit.
    throw topologyUnsupported(error.message, error.details ?? {});
  }
}

function append(
  n: NetworkBuilder,
  layer: TopologyLayer,
  inputs: readonly LayerName[],
  depth: number,
): LayerName {
  if (depth > MAX_DEPTH)
    throw topologyUnsupported(`it has models in models, ${MAX_DEPTH} deep; fewer are allowed.`);
  if (isModel(layer)) return appendModel(n, layer, inputs, depth);
  const write = Object.hasOwn(KERAS_LAYERS, layer.className) ? KERAS_LAYERS[layer.className] : undefined;
  if (write !== undefined) return write(n, layerReader(layer), inputs);
  throw topologyUnsupported(
    `its layer ${shownName(layer.name)} is a ${shownName(layer.className)}, which Fovea does not have. It has ` +
      `${Object.keys(KERAS_LAYERS).join(', ')}. Export the model as ONNX instead: tf2onnx writes it.`,
    { layer: layer.name.slice(0, 200), className: layer.className.slice(0, 200) },
  );
}

function appendModel(
  n: NetworkBuilder,
  model: TopologyLayer,
  inputs: readonly LayerName[],
  depth: number,
): LayerName {
  const { isSequential, layers, outputs } = parseModel(model);
  if (isSequential) {
    let values = inputs;
    for (const layer of layers) if (layer.className !== INPUT) values = [append(n, layer, values, depth + 1)];
    return onlyOne(values, model);
  }
  const done = new Map<string, LayerName>();
  let waiting = layers;
  while (waiting.length > 0) {
    const later: TopologyLayer[] = [];
    for (const layer of waiting) {
      if (layer.className === INPUT) done.set(layer.name, onlyOne(inputs, model));
      else if (layer.inputs.length === 0 || !layer.inputs.every((name) => done.has(name))) later.push(layer);
      else
        done.set(
          layer.name,
          append(
            n,
            layer,
            layer.inputs.map((name) => done.get(name) as LayerName),
            depth + 1,
          ),
        );
    }
    if (later.length === waiting.length)
      throw topologyUnsupported(
        `its layer ${shownName(later[0]?.name ?? '')} reads layers that are not there.`,
      );
    waiting = later;
  }
  const output = done.get(onlyOne(outputs, model));
  if (output !== undefined) return output;
  throw topologyUnsupported(`the output of its model ${shownName(model.name)} is no layer of it.`);
}

function onlyOne(values: readonly string[], { name }: TopologyLayer): string {
  const [value] = values;
  if (value !== undefined && values.length === 1) return value;
  throw topologyUnsupported(
    `its model ${shownName(name)} has ${values.length} inputs or outputs; one picture in and one list of scores out are needed.`,
  );
}

/** The first layer that says its input shape: the model itself, or the first layer within. */
function shapeLayerOf(layer: TopologyLayer, depth = 0): TopologyLayer | undefined {
  const saved = layer.config['batch_input_shape'] ?? layer.config['batch_shape'];
  if (Array.isArray(saved)) return layer;
  if (depth > MAX_DEPTH || !isModel(layer)) return undefined;
  const [first] = parseModel(layer).layers;
  return first === undefined ? undefined : shapeLayerOf(first, depth + 1);
}

const inputNameOf = (topology: TopologyLayer): string => {
  const layer = shapeLayerOf(topology);
  return layer?.className === INPUT ? layer.name : `${topology.name}_input`;
};

function inputSizeOf(topology: TopologyLayer, imageSize: number | undefined): InputSize {
  const layer = shapeLayerOf(topology);
  const saved = asList(layer?.config['batch_input_shape'] ?? layer?.config['batch_shape']);
  const [, height = null, width = null, channels] = saved.length === 4 ? saved : [];
  const sides = [height ?? imageSize, width ?? imageSize];
  const isSide = (side: unknown) => Number.isInteger(side) && Number(side) >= 1 && Number(side) <= MAX_SIDE;
  if (sides.every(isSide) && (channels === 1 || channels === 3))
    return { height: Number(sides[0]), width: Number(sides[1]), channels };
  throw topologyUnsupported(
    `its input is ${JSON.stringify(saved).slice(0, 80)}; one picture [null, height, width, 1 or 3] of at most ${MAX_SIDE} pixels a ` +
      'side is needed.',
  );
}
