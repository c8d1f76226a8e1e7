// Reads Keras's weight files as a flat list of tensors. Knows the layouts of the files, and no networks.

import { type Dataset, File, Group, ready } from 'h5wasm';
import { FoveaError } from '../../errors/errors.ts';
import { present } from '../../present.ts';
import { extractArchivedWeights, isArchive } from './keras-archive.ts';
import { unreadable } from './unreadable-weights.ts';

/** One tensor of a weight file. */
export interface KerasWeight {
  /** The layer's name in the file; for layers of a Sequential, the name of the Sequential. */
  readonly layer: string;
  /** The name that the file puts before the weight's: that of the layer itself, also within a Sequential. */
  readonly scope: string;
  /** The weight's name in the file, without group and `:0`, e.g. `depthwise_kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A whole model of a Keras file. */
export interface KerasModel {
  /** JSON of its layers, untrusted; undefined where the file has weights alone. */
  readonly topology: string | undefined;
  readonly weights: readonly KerasWeight[];
}

/** Keras stores weights uncompressed; a file that unpacks to much more is an attack. */
const MAX_EXPANSION = 4;
/** What a file of any size may hold, in bytes. */
const FREE_BYTES = 2 ** 20;

/** The largest networks have a few thousand layers. */
const MAX_GROUPS = 50_000;

let filesOpened = 0;

/**
 * Reads all weights of a Keras file, in the file's order. The layouts are those of
 * - Keras Applications and of `save_weights` to `.h5`: a group for each layer, named in `layer_names`;
 * - a whole model saved to `.h5`: the same inside a group `model_weights`;
 * - Keras 3's `.weights.h5`: groups `layers/<class>/vars/<number>`, the layer's name an attribute;
 * - Keras 3's `.keras`: an archive with the latter.
 *
 * @throws {FoveaError} `weights-unreadable` for other bytes.
 */
export async function readKerasWeights(bytes: Uint8Array): Promise<readonly KerasWeight[]> {
  return (await readKerasModel(bytes)).weights;
}

/**
 * Reads the layers and the weights of a whole model that Keras saved to HDF5.
 * @throws {FoveaError} `weights-unreadable`, also where the weights are far larger than the file.
 */
export async function readKerasModel(bytes: Uint8Array): Promise<KerasModel> {
  const { FS, activate_throwing_error_handler } = await ready;
  // Without it the library reports errors on standard error alone, and returns half a file.
  activate_throwing_error_handler();
  // The HDF5 library reads files alone; this one lives in its memory and goes when it is read.
  const path = `/weights-${filesOpened++}.h5`;
  FS.writeFile(path, isArchive(bytes) ? extractArchivedWeights(bytes) : bytes);
  try {
    return withFile(path, (file) => {
      checkSizes(file, MAX_EXPANSION * bytes.byteLength + FREE_BYTES);
      const topology: unknown = file.attrs['model_config']?.value;
      return { topology: typeof topology === 'string' ? topology : undefined, weights: readLayers(file) };
    });
  } finally {
    FS.unlink(path);
  }
}

function withFile<T>(path: string, read: (file: File) => T): T {
  let file: File | undefined;
  try {
    file = new File(path, 'r');
    return read(file);
  } catch (cause) {
    throw cause instanceof FoveaError ? cause : unreadable(`HDF5 says "${lastReason(cause)}"`, cause);
  } finally {
    file?.close();
  }
}

/** Refuses a file whose values, which may be compressed, would take more memory than that. Nothing is unpacked. */
function checkSizes(file: File, maxBytes: number): void {
  let total = 0;
  const groups: Group[] = [file];
  // A group may lie in itself, by a link.
  for (let seen = 0; seen < groups.length; seen++) {
    if (groups.length > MAX_GROUPS) throw unreadable(`it has more than ${MAX_GROUPS} groups`);
    const group = groups[seen] as Group;
    for (const name of group.keys()) {
      const entry = group.get(name);
      if (entry instanceof Group) groups.push(entry);
      else if (entry !== null && 'metadata' in entry) {
        const { total_size: count, size } = entry.metadata;
        total += count * size;
      }
      if (!(total <= maxBytes)) throw unreadable(`its values would unpack to more than ${maxBytes} bytes`);
    }
  }
}

/** The innermost of the reasons that HDF5 gives, e.g. `file signature not found`. */
function lastReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /.*#\d+: .*?\(\): ([^\n]*)/s.exec(message)?.[1] ?? message;
}

/** An attribute that is a list of strings, of fixed or variable length; empty where Keras left it out or empty. */
function strings(group: Group, attribute: string): readonly string[] {
  const value: unknown = group.attrs[attribute]?.value;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Keras splits long lists of names over `layer_names0`, `layer_names1`, … because HDF5 limits an attribute to 64 KiB. */
function longStrings(group: Group, attribute: string): readonly string[] {
  if (attribute in group.attrs) return strings(group, attribute);
  const names: string[] = [];
  for (let i = 0; `${attribute}${i}` in group.attrs; i++) names.push(...strings(group, `${attribute}${i}`));
  return names;
}

function readLayers(file: File): readonly KerasWeight[] {
  const native = NATIVE_ROOTS.map((name) => file.get(name)).find((entry) => entry instanceof Group);
  if (native !== undefined) return readNativeLayers(native);
  const inside = file.get('model_weights');
  return readNamedLayers(inside instanceof Group ? inside : file);
}

/** Where Keras 3 keeps layers; the second is of its first releases. */
const NATIVE_ROOTS = ['layers', '_layer_checkpoint_dependencies'];

/** `<class>/vars/<number>`, and `<class>/layers/…` for a model or Sequential within the model. */
function readNativeLayers(layers: Group): readonly KerasWeight[] {
  return layers.keys().flatMap((key) => {
    const group = layers.get(key);
    if (!(group instanceof Group)) return [];
    const variables = group.get('vars');
    const nested = NATIVE_ROOTS.map((name) => group.get(name)).find((entry) => entry instanceof Group);
    return [
      ...(variables instanceof Group ? readVariables(variables, key) : []),
      ...(nested === undefined ? [] : readNativeLayers(nested)),
    ];
  });
}

function readVariables(variables: Group, fallbackName: string): readonly KerasWeight[] {
  const given: unknown = variables.attrs['name']?.value;
  const layer = typeof given === 'string' ? given : fallbackName;
  const numbers = variables.keys().toSorted((a, b) => Number(a) - Number(b));
  return numbers.map((number) => ({ ...readTensor(variables, layer, number), scope: layer }));
}

function readNamedLayers(root: Group): readonly KerasWeight[] {
  const layers = longStrings(root, 'layer_names');
  if (layers.length === 0)
    throw unreadable('the file names no Keras layers (attribute layer_names, or a group layers)');
  return layers.flatMap((layer) => {
    const group = root.get(layer);
    if (!(group instanceof Group))
      throw unreadable(`the file names a layer "${layer}" that it does not have`);
    return longStrings(group, 'weight_names').map((path) => readTensor(group, layer, path));
  });
}

function readTensor(group: Group, layer: string, path: string): KerasWeight {
  const dataset = group.get(path) as Dataset | null;
  const shape = dataset?.shape;
  if (dataset === null || !shape) throw unreadable(`the file names a weight "${path}" that it does not have`);
  // e.g. `Conv1/kernel:0`
  const segments = path.replace(/:\d+$/, '').split('/');
  const name = present(segments.at(-1), `a name in "${path}"`);
  return { layer, scope: segments.at(-2) ?? layer, name, shape, values: toFloat32(dataset.value) };
}

/** Any numeric HDF5 type as float32; 64-bit integers come as bigints. */
function toFloat32(value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  return Float32Array.from(value as ArrayLike<number | bigint>, Number);
}
