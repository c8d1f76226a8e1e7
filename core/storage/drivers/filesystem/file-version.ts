// Etags of files, from what the file system knows of them. Knows nothing of keys.

import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, stat } from 'node:fs/promises';
import { errnoOf } from './file-errors.ts';

/** Errno codes of a missing file. ENXIO comes from opening a socket; endless links (ELOOP) lead to no file either. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENXIO']);

/** Whether a failed system call means that there is no such file. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && MISSING.has(errno);
}

/**
 * The etag of a file: inode, modification time in nanoseconds and size. Renaming changes none of them (unlike the change time), so a
 * file keeps its etag when it moves from the staging folder to its key.
 */
export const etagOf = (stats: BigIntStats): string =>
  `"${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}"`;

/** The result of a `stat`, or `undefined` where there is no such file. */
export async function ifThere(stats: Promise<BigIntStats>): Promise<BigIntStats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The current etag at a path; `undefined` where there is no file. A link that leads to no readable file has an etag of its own, so
 * that it can be replaced and deleted.
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
 * Sets a modification time with random digits below the millisecond. The kernel may reuse an inode number within one tick of its clock
 * (milliseconds); the random digits keep the etag from repeating even then.
 */
export async function stampModified(handle: FileHandle, nowMs: number, random: () => number): Promise<void> {
  await handle.utimes(nowMs / 1000, (nowMs + random()) / 1000);
}
