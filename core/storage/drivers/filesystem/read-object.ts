// Reads objects of a store in a folder. Body and etag belong to one version, whatever is written meanwhile: both come from one opened
// file, and writers never change a file in place.

import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { FoveaError } from '../../../errors/errors.ts';
import { type ByteRange, resolveRange } from '../../byte-range.ts';
import { NOT_UTF8 } from '../../object-key.ts';
import type { ObjectInfo, StoredObject } from '../../object-store.ts';
import { etagOf, isMissing } from './file-version.ts';
import { linkError } from './linked-folders.ts';
import type { StoreFolders } from './store-folders.ts';

/** Without O_NONBLOCK, opening a pipe among the files would wait forever for a writer. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** How often a file is read that another program truncates meanwhile. */
const READ_ATTEMPTS = 3;

interface OpenObject {
  readonly handle: FileHandle;
  readonly info: ObjectInfo;
}

/** Throws where a file is listed under this name but cannot be read. */
async function explainMissing(path: string, key: string, { linked }: StoreFolders): Promise<void> {
  const own = await lstat(path).catch(() => undefined);
  if (own?.isSymbolicLink() && !(await linked.isLinked(`${key}/`))) throw linkError(key, 'read');
  if (own === undefined && key.includes(NOT_UTF8)) {
    throw new FoveaError(
      'storage-name-not-utf8',
      `The file "${key}" cannot be read: its name is not valid UTF-8. Rename it.`,
      { param: key },
    );
  }
}

async function openFile(path: string, key: string, folders: StoreFolders): Promise<FileHandle | undefined> {
  try {
    await folders.assertInside(path, key);
    return await open(path, READ_FLAGS);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await explainMissing(path, key, folders);
    return undefined;
  }
}

/** Opens the file of a key; `undefined` where there is no such object. The caller closes the handle. */
async function openObject(key: string, folders: StoreFolders): Promise<OpenObject | undefined> {
  const path = folders.pathOf(key);
  const handle = await openFile(path, key, folders);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) {
      const info = { key, sizeBytes: Number(stats.size), etag: etagOf(stats), lastModified: stats.mtime };
      return { handle, info };
    }
    await explainMissing(path, key, folders);
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

async function readBytes(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const body = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(body, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return body.subarray(0, filled);
}

/** Implements `head` of the port. Errors of the file system are thrown unchanged. */
export async function readInfo(key: string, folders: StoreFolders): Promise<ObjectInfo | undefined> {
  const opened = await openObject(key, folders);
  await opened?.handle.close();
  return opened?.info;
}

/**
 * Implements `get` of the port. Errors of the file system are thrown unchanged.
 * @throws {FoveaError} `storage-read-truncated`, `storage-link-refused`, `storage-name-not-utf8`,
 * `range-not-satisfiable`.
 */
export async function readObject(
  key: string,
  range: ByteRange | undefined,
  folders: StoreFolders,
): Promise<StoredObject | undefined> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    const opened = await openObject(key, folders);
    if (opened === undefined) return undefined;
    try {
      const { offset, length } = resolveRange(key, range, opened.info.sizeBytes);
      const body = await readBytes(opened.handle, offset, length);
      if (body.length === length) return { ...opened.info, body };
    } finally {
      await opened.handle.close();
    }
  }
  throw new FoveaError(
    'storage-read-truncated',
    `The file of "${key}" was cut shorter while it was read, ${READ_ATTEMPTS} times. Wait until it is copied.`,
    { param: key },
  );
}
