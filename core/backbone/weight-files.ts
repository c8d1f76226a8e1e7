// Files with weights beside a model, in its folder and nowhere else: the model names them, and whoever made it may want other files
// of this machine. Knows nothing of tensors.

import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { FoveaError } from '../errors/errors.ts';
import { ONE_FOLDER_OR_FILE, shown } from '../network/onnx/external-tensor.ts';

/** Weight files by the names that a model has for them. */
export interface WeightFiles {
  /**
   * Size in bytes. Nothing of the file is read.
   * @throws {FoveaError} `backbone-external-data` where there is no such file within the folder.
   */
  sizeOf(location: string): Promise<number>;
  /**
   * Fills `values` with the bytes from `offset` on.
   * @throws {FoveaError} `backbone-external-data`.
   */
  read(location: string, offset: number, values: Uint8Array): Promise<void>;
}

/** What was checked is opened, and a pipe that took its place is not waited for. Windows has neither flag. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * The regular files in a folder and its subfolders. Links are followed as long as they stay inside.
 * @param folder That of the model.
 */
export function weightFilesIn(folder: string): WeightFiles {
  return {
    sizeOf: async (location) => (await find(folder, location)).sizeBytes,
    async read(location, offset, values) {
      const { file } = await find(folder, location);
      const handle = await open(file, READ_FLAGS).catch((cause) => {
        throw refused(location, 'cannot be opened', cause);
      });
      try {
        if (!(await handle.stat()).isFile()) throw refused(location, 'is no regular file');
        if (!(await fill(handle, offset, values)))
          throw refused(location, 'was cut shorter while it was read');
      } finally {
        await handle.close();
      }
    },
  };
}

/** Fills `values` with the bytes of a file from `offset` on. @returns whether it has so many. */
export async function fill(handle: FileHandle, offset: number, values: Uint8Array): Promise<boolean> {
  for (let filled = 0; filled < values.length; ) {
    const { bytesRead } = await handle.read(values, filled, values.length - filled, offset + filled);
    if (bytesRead === 0) return false;
    filled += bytesRead;
  }
  return true;
}

async function find(folder: string, location: string) {
  // ONNX writes paths with slashes on every system.
  const names = location.split('/');
  if (location.startsWith('/') || names.includes('..') || /[\\\0]|^[A-Za-z]:/.test(location))
    throw refused(location, 'is no path within the folder of the model');
  const top = await realpath(folder);
  const file = await realpath(path.join(top, ...names)).catch((cause) => {
    throw refused(location, 'is not there or cannot be read', cause);
  });
  const [first] = path.relative(top, file).split(path.sep);
  if (first === '..' || path.isAbsolute(path.relative(top, file)))
    throw refused(location, 'is a link that leads out of the folder of the model');
  const stats = await lstat(file);
  if (!stats.isFile()) throw refused(location, 'is no regular file');
  return { file, sizeBytes: stats.size };
}

const refused = (location: string, problem: string, cause?: unknown) =>
  new FoveaError(
    'backbone-external-data',
    `The model has weights in the file ${shown(location)}, which ${problem}. ${ONE_FOLDER_OR_FILE}`,
    { param: 'file', details: { location }, cause },
  );
