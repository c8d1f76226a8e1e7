// What a saved Keras model says of its layers, read from untrusted JSON: models within models, and which layer reads which. Knows the
// two notations of Keras 2 (also TensorFlow.js's) and Keras 3, and no layer types.

import { FoveaError } from '../../errors/errors.ts';

/** A layer, or a model within a model, as the file has it. */
export interface TopologyLayer {
  /** e.g. `Conv2D` or `Sequential`. */
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers that it reads; empty where the order alone tells. */
  readonly inputs: readonly string[];
}

/** A model: layers in a row, or linked by names. */
export interface TopologyModel {
  readonly isSequential: boolean;
  readonly layers: readonly TopologyLayer[];
  /** The layers whose outputs are the model's; empty for layers in a row. */
  readonly outputs: readonly string[];
}

const SEQUENTIAL = 'Sequential';
const MODELS: readonly string[] = [SEQUENTIAL, 'Functional', 'Model'];
/** The deepest networks of Keras Applications have some 800 layers. */
const MAX_LAYERS = 5_000;
/** Characters of a text of the file that a message shows at most. */
const SHOWN_LENGTH = 80;

/** The error of a topology that cannot be imported. */
export const topologyUnsupported = (problem: string, details: Readonly<Record<string, unknown>> = {}) =>
  new FoveaError('model-unsupported', `The network cannot be imported: ${problem}`, {
    param: 'file',
    details,
  });

/** A name of the file, as a message shows it. */
export const shownName = (text: string): string => JSON.stringify(text.slice(0, SHOWN_LENGTH));

/** Whether a layer is a model of its own. */
export const isModel = ({ className }: TopologyLayer): boolean => MODELS.includes(className);

/** An object of untrusted JSON; undefined for any other value. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/** A list of untrusted JSON; empty for any other value. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * Reads the outermost model of a saved topology.
 * @param saved `model_config` of an HDF5 file, or `modelTopology` of a `model.json`.
 * @throws {FoveaError} `model-unsupported`.
 */
export function parseTopology(saved: unknown): TopologyLayer {
  const outer = asObject(saved);
  const layer = parseLayer(asObject(outer?.['model_config']) ?? outer);
  if (isModel(layer)) return layer;
  throw topologyUnsupported(
    `it is a ${shownName(layer.className)}, where one of ${MODELS.join(', ')} is needed.`,
    {
      received: layer.className.slice(0, SHOWN_LENGTH),
    },
  );
}

/**
 * Reads the layers of a model.
 * @throws {FoveaError} `model-unsupported`.
 */
export function parseModel(model: TopologyLayer): TopologyModel {
  const { config } = model;
  // Older files of a Sequential have the list itself in place of a config.
  const saved = asList(config['layers']);
  if (saved.length === 0 || saved.length > MAX_LAYERS)
    throw topologyUnsupported(
      `its model ${shownName(model.name)} has ${saved.length} layers; 1 to ${MAX_LAYERS} are allowed.`,
    );
  const layers = saved.map(parseLayer);
  const isSequential = model.className === SEQUENTIAL;
  return {
    isSequential,
    layers,
    outputs: isSequential ? [] : references(config['output_layers']).map(([name]) => name),
  };
}

function parseLayer(saved: unknown): TopologyLayer {
  const layer = asObject(saved);
  const className = layer?.['class_name'];
  if (layer === undefined || typeof className !== 'string')
    throw topologyUnsupported('the file has no layers as Keras writes them. Export the whole model again.');
  const config: Readonly<Record<string, unknown>> = Array.isArray(layer['config'])
    ? { layers: layer['config'] }
    : (asObject(layer['config']) ?? {});
  const name = config['name'] ?? layer['name'];
  return {
    className,
    name: typeof name === 'string' ? name : className,
    config,
    inputs: inputsOf(className, layer['inbound_nodes']),
  };
}

/** The layers that a layer reads, by its only call. */
function inputsOf(className: string, nodes: unknown): readonly string[] {
  const calls = asList(nodes);
  if (calls.length > 1)
    throw topologyUnsupported(
      `a layer of class ${shownName(className)} is used ${calls.length} times; once is allowed.`,
    );
  const call = asObject(calls[0]);
  const links = call === undefined ? references(calls[0]) : tensorsOf(call['args']);
  if (links.some(([, node, tensor]) => node !== 0 || tensor !== 0))
    throw topologyUnsupported(
      `a layer of class ${shownName(className)} reads the second output or use of another one.`,
    );
  return links.map(([name]) => name);
}

type Reference = readonly [name: string, node: unknown, tensor: unknown];

/** `["name", 0, 0]`, or a list of such. */
function references(value: unknown): readonly Reference[] {
  const list = asList(value);
  if (typeof list[0] === 'string') return [[list[0], list[1] ?? 0, list[2] ?? 0]];
  return list.flatMap((item) => {
    const [name, node, tensor] = asList(item);
    return typeof name === 'string' ? [[name, node ?? 0, tensor ?? 0] as const] : [];
  });
}

/** Keras 3's arguments of a call: tensors, or lists of them. */
function tensorsOf(args: unknown): readonly Reference[] {
  return asList(args).flatMap((argument) =>
    (Array.isArray(argument) ? argument : [argument]).flatMap((tensor) =>
      references(asObject(asObject(tensor)?.['config'])?.['keras_history']),
    ),
  );
}
