// Writes and deletes objects of a store in a folder. Content is written to the staging folder and synced; then it gets its key in one
// step.

import { constants } from 'node:fs';
import { open, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../../make-folder.ts';
import { type ObjectInfo, PreconditionFailedError, type PutOptions } from '../../object-store.ts';
import { errnoOf, succeeds } from './file-errors.ts';
import { etagOf, stampModified, versionAt } from './file-version.ts';
import { createFile, removeFile, replaceFile } from './replace-file.ts';
import type { StoreFolders } from './store-folders.ts';

/** A deletion may remove a folder that a creation has just made; then the creation is tried again. */
const CREATE_ATTEMPTS = 100;

/** Syncs a folder, so that a rename survives a power cut. Not every file system allows that. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Writes a content to the staging folder and syncs it. It has the etag that it will have at its key. */
async function stage(staged: string, key: string, body: Uint8Array | string): Promise<ObjectInfo> {
  const handle = await open(staged, 'wx');
  try {
    await handle.writeFile(body);
    await stampModified(handle, Date.now(), Math.random);
    await handle.sync();
    const stats = await handle.stat({ bigint: true });
    return { key, sizeBytes: Number(stats.size), etag: etagOf(stats), lastModified: stats.mtime };
  } finally {
    await handle.close();
  }
}

async function createAt(staged: string, path: string, key: string, folders: StoreFolders): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await folders.assertNoLinks(key);
      await makeFolder(dirname(path));
      if (await createFile(staged, path)) return true;
      // Throws where a folder is in the way, which is no object.
      await versionAt(path);
      return false;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt >= CREATE_ATTEMPTS) throw error;
    }
  }
}

/** Removes folders that a deletion left empty, but not those at the top, which people make by hand to fill them. */
async function removeEmptyFolders(key: string, folders: StoreFolders): Promise<void> {
  const segments = key.split('/').slice(0, -1);
  for (; segments.length > 1; segments.pop()) {
    const folder = folders.pathOf(segments.join('/'));
    if (!(await succeeds(rmdir(folder), 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'))) return;
  }
}

/** Implements `put` of the port. Errors of the file system are thrown unchanged. */
export async function writeObject(
  key: string,
  body: Uint8Array | string,
  { ifNoneMatch, ifMatch, signal }: PutOptions,
  folders: StoreFolders,
): Promise<ObjectInfo> {
  const path = folders.pathOf(key);
  const slotOf = folders.slotsOf(key);
  const lost = () => new PreconditionFailedError(key, `its etag is not, or no longer, ${ifMatch}`);
  await folders.assertNoLinks(key);
  // A write that has lost already need not stage its content.
  if (ifMatch !== undefined && (await versionAt(path)) !== ifMatch) throw lost();

  const staged = await folders.stagingName();
  const create = () => createAt(staged, path, key, folders);
  const replace = (version: string) => replaceFile(staged, path, version, slotOf);
  try {
    const info = await stage(staged, key, body);
    signal?.throwIfAborted();
    if (ifMatch !== undefined) {
      if (!(await replace(ifMatch))) throw lost();
    } else if (ifNoneMatch !== undefined) {
      if (!(await create())) throw new PreconditionFailedError(key, 'it exists already');
    } else {
      for (let done = false; !done; ) {
        const version = await versionAt(path);
        done = await (version === undefined ? create() : replace(version));
      }
    }
    await syncFolder(dirname(path));
    return info;
  } finally {
    await rm(staged, { force: true });
  }
}

/**
 * Implements `delete` of the port. Errors of the file system are thrown unchanged.
 * @returns whether there was an object.
 */
export async function deleteObject(key: string, folders: StoreFolders): Promise<boolean> {
  const path = folders.pathOf(key);
  await folders.assertNoLinks(key);
  try {
    if ((await versionAt(path)) === undefined) return false;
  } catch (error) {
    // A folder is no object, so there is nothing to delete.
    if (errnoOf(error) === 'EISDIR') return false;
    throw error;
  }
  await removeFile(await folders.stagingName(), path, folders.slotsOf(key));
  await syncFolder(dirname(path));
  await removeEmptyFolders(key, folders);
  return true;
}
