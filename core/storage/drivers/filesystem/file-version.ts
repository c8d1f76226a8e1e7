// Which version of a file is there: etags from what the file system knows. Knows nothing of keys.

import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, stat } from 'node:fs/promises';
import { errnoOf } from './file-errors.ts';

/** ENXIO is what opening a socket gives; a chain of links that never ends (ELOOP) leads to nothing either. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENXIO']);

/** True for errno codes that say "there is no such file". */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && MISSING.has(errno);
}

/**
 * The etag of a file: inode, modification time in nanoseconds, size. Unlike the change time, none of the three is
 * touched by renaming, so a file keeps its etag on its way from the staging folder to its key.
 */
export const etagOf = (stats: BigIntStats): string =>
  `"${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}"`;

/** Result of a `stat`, or `undefined` where there is nothing. */
export async function ifThere(stats: Promise<BigIntStats>): Promise<BigIntStats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Etag of what a name stands for right now, `undefined` where nothing does. A link without a readable file behind it
 * counts with its own etag, so that it can be replaced and deleted.
 *
 * @throws an `EISDIR` error where the name is a folder's.
 */
export async function versionAt(path: string): Promise<string | undefined> {
  const target = await ifThere(stat(path, { bigint: true }));
  if (target !== undefined && !target.isDirectory()) return etagOf(target);
  const own = await ifThere(lstat(path, { bigint: true }));
  if (own?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
  return own && etagOf(own);
}

/**
 * Gives a new file a modification time with a random part below the millisecond. An inode number may be given out
 * again within one tick of the kernel's clock (milliseconds); the random part keeps the etag from repeating even then.
 */
export async function stampModified(handle: FileHandle, nowMs: number, random: () => number): Promise<void> {
  await handle.utimes(nowMs / 1000, (nowMs + random()) / 1000);
}
