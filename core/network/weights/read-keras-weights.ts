// Keras's HDF5 weight files as a flat list of tensors. Knows the file layouts, and no networks.

import { type Dataset, File, Group, ready } from 'h5wasm';
import { FoveaError } from '../../errors.ts';

/** One tensor of a weight file. */
export interface KerasWeight {
  /** Layer as the file names it; for the layers of a Sequential, the Sequential. */
  readonly layer: string;
  /** What the file puts before the weight's name: the layer itself, also within a Sequential. */
  readonly scope: string;
  /** Weight as the file names it, without group and `:0`, e.g. `depthwise_kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

let filesOpened = 0;

/**
 * All weights of a Keras `.h5` file, in the file's order: weights alone, as Keras Applications publish them and
 * `save_weights` wrote them, or a whole model, whose weights are in its group `model_weights`.
 *
 * @throws {FoveaError} `weights-unreadable` for bytes that are no HDF5 file or one without Keras layers.
 */
export async function readKerasWeights(bytes: Uint8Array): Promise<readonly KerasWeight[]> {
  const { FS, activate_throwing_error_handler } = await ready;
  // Without it the library writes to standard error and goes on with half a file.
  activate_throwing_error_handler();
  // The HDF5 library reads files alone; this one lives in its memory and goes when it is read.
  const path = `/weights-${filesOpened++}.h5`;
  FS.writeFile(path, bytes);
  try {
    return withFile(path, readLayers);
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

/** The innermost of the reasons that HDF5 gives, e.g. `file signature not found`. */
function lastReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /.*#\d+: .*?\(\): ([^\n]*)/s.exec(message)?.[1] ?? message;
}

const unreadable = (problem: string, cause?: unknown) =>
  new FoveaError(
    'weights-unreadable',
    `The weights cannot be read: ${problem}. Give a Keras weight file (.h5), as keras.applications publishes them or ` +
      '`model.save_weights` writes them.',
    { cause },
  );

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
  const inside = file.get('model_weights');
  const root = inside instanceof Group ? inside : file;
  const layers = longStrings(root, 'layer_names');
  if (layers.length === 0) throw unreadable('the file names no Keras layers (attribute layer_names)');
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
  const name = segments.at(-1) ?? '';
  return { layer, scope: segments.at(-2) ?? layer, name, shape, values: toFloat32(dataset.value) };
}

/** Any numeric HDF5 type as float32; 64-bit integers come as bigints. */
function toFloat32(value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  return Float32Array.from(value as ArrayLike<number | bigint>, Number);
}
