// Reads a LayersModel, the format that TensorFlow.js saves: `model.json` with the layers, and files of weights beside it. Untrusted.

import { FoveaError } from '../../errors/errors.ts';
import type { KerasWeight } from '../weights/read-keras-weights.ts';
import { asList, asObject, shownName, topologyUnsupported } from './topology.ts';

/** The layers of a LayersModel, and where its weights are. */
export interface LayersModel {
  /** Untrusted; see `networkOf`. */
  readonly topology: unknown;
  readonly groups: readonly WeightGroup[];
}

/** Weights that follow one another in files. */
export interface WeightGroup {
  /** File names, as the model says them: not looked at yet. */
  readonly paths: readonly string[];
  readonly weights: readonly WeightPlace[];
}

/** One weight, float32 or int32, of four bytes a value. */
interface WeightPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

const VALUE_BYTES = 4;
const MAX_GROUPS = 1000;

/**
 * Reads a `model.json`.
 * @throws {FoveaError} `model-unsupported` for other JSON, a graph model, or weights in fewer bits.
 */
export function parseLayersModel(json: unknown): LayersModel {
  const model = asObject(json);
  const format = model?.['format'];
  if (format === 'graph-model')
    throw topologyUnsupported(
      'model.json is a graph model of TensorFlow.js, whose layers are lost. Give the model as it was before that conversion.',
    );
  const groups = asList(model?.['weightsManifest']);
  if (model?.['modelTopology'] === undefined || groups.length === 0 || groups.length > MAX_GROUPS)
    throw topologyUnsupported('model.json has no modelTopology and weightsManifest, as a LayersModel has.');
  return { topology: model['modelTopology'], groups: groups.map(parseGroup) };
}

function parseGroup(value: unknown): WeightGroup {
  const group = asObject(value);
  return {
    paths: asList(group?.['paths']).filter((path) => typeof path === 'string'),
    weights: asList(group?.['weights']).map(parsePlace),
  };
}

function parsePlace(value: unknown): WeightPlace {
  const place = asObject(value);
  const name = place?.['name'];
  const dtype = place?.['dtype'];
  const shape = asList(place?.['shape']);
  const isShape = shape.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0);
  if (typeof name !== 'string' || !isShape)
    throw topologyUnsupported('model.json has a weight without a name or shape.');
  if ((dtype !== 'float32' && dtype !== 'int32') || place?.['quantization'] !== undefined)
    throw topologyUnsupported(
      `its weight ${shownName(name)} is stored as ${JSON.stringify(place?.['quantization'] === undefined ? dtype : 'quantized')}; ` +
        'float32 is needed. Export the model without quantization.',
    );
  return { name, shape: shape as number[], dtype };
}

/**
 * Takes the weights of a group out of its files.
 * @param bytes The content of all files of the group, one after another.
 * @throws {FoveaError} `weights-unreadable` where it is shorter.
 */
export function readGroup({ weights }: WeightGroup, bytes: Uint8Array): readonly KerasWeight[] {
  let offset = 0;
  return weights.map(({ name, shape, dtype }) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const end = offset + count * VALUE_BYTES;
    if (!(end <= bytes.byteLength))
      throw new FoveaError(
        'weights-unreadable',
        `The weight ${shownName(name)} would end at byte ${end} of ${bytes.byteLength}: the weight files are not whole, or belong ` +
          'to another model.json. Export the model again.',
        { param: 'file' },
      );
    // A copy, since the bytes need not lie at a multiple of four.
    const values = new Uint8Array(bytes.subarray(offset, end)).buffer;
    offset = end;
    const segments = name.split('/');
    const layer = segments.at(-2) ?? name;
    return {
      layer,
      scope: layer,
      name: segments.at(-1) ?? name,
      shape,
      values: dtype === 'float32' ? new Float32Array(values) : Float32Array.from(new Int32Array(values)),
    };
  });
}
