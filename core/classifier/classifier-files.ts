// The files of an exported classifier: those of a folder, of a zip archive, or one alone. All names and sizes are untrusted; nothing
// outside of the folder or archive is read. Knows no formats of models.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { unzipSync } from 'fflate';
import { type WeightFiles, weightFilesIn } from '../backbone/weight-files.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { isArchive } from '../network/weights/keras-archive.ts';
import { zipChecksums } from './zip-checksums.ts';

/** The files of one export, by their names within it. */
export interface ClassifierFiles {
  /** Sorted; a folder that holds all of them is left out. */
  readonly names: readonly string[];
  /**
   * The content of a file of {@link names}.
   * @throws {FoveaError} `model-files-invalid` where it is larger, or damaged.
   */
  read(name: string, maxBytes: number): Promise<Uint8Array>;
  /** The same files as weights beside a model, for names that the model says. */
  readonly weightFiles: WeightFiles;
}

/** Exports have ten files; hubs some dozens, with many for other frameworks. */
const MAX_ENTRIES = 1000;
/** How much larger than the archive its files may be: JSON and labels shrink to a tenth, weights hardly at all. */
const MAX_RATIO = 100;
/** What an archive of any size may unpack to, in bytes. */
const FREE_BYTES = 2 ** 20;
/** Files that computers put into folders and archives of their own accord. */
const CLUTTER = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|\._)/;

/** Whether a file of this name is a model. */
export const isModelFile = (name: string): boolean =>
  /\.(onnx|h5|hdf5)$/.test(name) || name === LAYERS_MODEL_FILE;

/** The name of the description of a LayersModel of TensorFlow.js. */
export const LAYERS_MODEL_FILE = 'model.json';

/** How an HDF5 file begins. */
const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46];

/** A name for a model without one, by its first bytes. What is neither HDF5 nor an archive is read as ONNX. */
export const nameOfModel = (bytes: Uint8Array): string =>
  HDF5_SIGNATURE.every((byte, i) => bytes[i] === byte) ? 'keras_model.h5' : 'model.onnx';

const invalid = (problem: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) =>
  new FoveaError('model-files-invalid', `The files of the model cannot be used: ${problem}`, {
    param: 'file',
    details,
    cause,
  });

const tooLarge = (name: string, sizeBytes: number, maxBytes: number) =>
  invalid(`${JSON.stringify(name.slice(0, 80))} has ${sizeBytes} bytes; at most ${maxBytes} are allowed.`, {
    received: sizeBytes,
    allowed: maxBytes,
  });

/**
 * The files right in a folder; those of its subfolders can be weights beside a model.
 * @throws {FoveaError} `model-files-invalid`.
 */
export async function filesOfFolder(folder: string): Promise<ClassifierFiles> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !CLUTTER.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
  if (names.length > MAX_ENTRIES)
    throw invalid(`the folder has ${names.length} files; at most ${MAX_ENTRIES} are allowed.`);
  return {
    names,
    async read(name, maxBytes) {
      const { size } = await stat(path.join(folder, name));
      if (size > maxBytes) throw tooLarge(name, size, maxBytes);
      return readFile(path.join(folder, name));
    },
    weightFiles: weightFilesIn(folder),
  };
}

/** A model of a folder, and the files beside it that are no other models. @throws {FoveaError} `model-files-invalid`. */
export async function filesBeside(file: string): Promise<ClassifierFiles> {
  const folder = await filesOfFolder(path.dirname(file));
  const name = path.basename(file);
  return { ...folder, names: folder.names.filter((other) => other === name || !isModelFile(other)) };
}

/** One file that is already in memory: a zip archive, or a model alone. @throws {FoveaError} `model-files-invalid`. */
export function filesOfBytes(name: string, bytes: Uint8Array): ClassifierFiles {
  if (isArchive(bytes)) return filesOfArchive(bytes);
  return inMemory(new Map([[name, bytes.byteLength]]), () => bytes);
}

/**
 * The files of a zip archive. Only what is read is unpacked, and never more than the archive's directory says.
 * @throws {FoveaError} `model-files-invalid` for a damaged archive, too many or too large files, or paths that leave it.
 */
function filesOfArchive(archive: Uint8Array): ClassifierFiles {
  const sizes = new Map<string, number>();
  const checksums = new Map<string, number | undefined>();
  const listed = readChecksums(archive);
  let entries = 0;
  let total = 0;
  const maxTotal = MAX_RATIO * archive.byteLength + FREE_BYTES;
  unzip(archive, ({ name, originalSize }) => {
    entries += 1;
    if (entries > MAX_ENTRIES)
      throw invalid(`the archive has more than ${MAX_ENTRIES} entries. Pack only the files of the export.`);
    total += originalSize;
    if (!(total <= maxTotal))
      throw invalid(
        `the archive of ${archive.byteLength} bytes would unpack to more than ${MAX_RATIO} times that. Pack the files of the ` +
          'export alone.',
        { receivedBytes: total, allowedBytes: maxTotal },
      );
    checkPath(name);
    if (name.endsWith('/') || CLUTTER.test(name)) return false;
    if (sizes.has(name)) throw invalid(`the archive has ${JSON.stringify(name.slice(0, 80))} twice.`);
    sizes.set(name, originalSize);
    checksums.set(name, listed[entries - 1]);
    return false;
  });
  const top = topFolderOf([...sizes.keys()]);
  const shortened = new Map([...sizes].map(([name, size]) => [name.slice(top.length), size] as const));
  return inMemory(shortened, (name) => {
    const unpacked = unzip(archive, (entry) => entry.name === top + name)[top + name];
    if (
      unpacked !== undefined &&
      unpacked.byteLength === sizes.get(top + name) &&
      crc32(unpacked) === checksums.get(top + name)
    )
      return unpacked;
    throw invalid(`${JSON.stringify(name.slice(0, 80))} is damaged. Pack the archive again.`);
  });
}

function readChecksums(archive: Uint8Array): readonly number[] {
  try {
    return zipChecksums(archive);
  } catch (cause) {
    throw invalid('the zip archive is damaged. Pack it again.', {}, cause);
  }
}

function unzip(archive: Uint8Array, filter: NonNullable<Parameters<typeof unzipSync>[1]>['filter']) {
  try {
    return unzipSync(archive, filter === undefined ? {} : { filter });
  } catch (cause) {
    throw isFoveaError(cause) ? cause : invalid('the zip archive is damaged. Pack it again.', {}, cause);
  }
}

function checkPath(name: string): void {
  const isInside =
    !name.startsWith('/') && !name.split('/').includes('..') && !/[\\\0]|^[A-Za-z]:/.test(name);
  if (!isInside)
    throw invalid(`the archive has the path ${JSON.stringify(name.slice(0, 80))}, which leads out of it.`);
}

/** The folder that holds all files, with its slash; empty where they lie at the top. */
function topFolderOf(names: readonly string[]): string {
  const [first = ''] = names;
  const top = first.slice(0, first.indexOf('/') + 1);
  return top !== '' && names.every((name) => name.startsWith(top)) ? top : '';
}

function inMemory(
  sizes: ReadonlyMap<string, number>,
  bytesOf: (name: string) => Uint8Array,
): ClassifierFiles {
  const kept = new Map<string, Uint8Array>();
  const sizeOf = async (location: string) => {
    const size = sizes.get(location);
    if (size !== undefined) return size;
    throw new FoveaError(
      'backbone-external-data',
      `The model has weights in the file ${JSON.stringify(location.slice(0, 80))}, which was not given. Give a zip archive with the ` +
        'model and the weight files that the export wrote with it.',
      { param: 'file', details: { location: location.slice(0, 200) } },
    );
  };
  return {
    names: [...sizes.keys()].toSorted(),
    async read(name, maxBytes) {
      const size = await sizeOf(name);
      if (size > maxBytes) throw tooLarge(name, size, maxBytes);
      return bytesOf(name);
    },
    weightFiles: {
      sizeOf,
      async read(location, offset, values) {
        await sizeOf(location);
        const bytes = kept.get(location) ?? bytesOf(location);
        kept.set(location, bytes);
        values.set(bytes.subarray(offset, offset + values.length));
      },
    },
  };
}
