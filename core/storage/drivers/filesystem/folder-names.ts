// Lists the subfolders of a folder, in the order of keys. The names in large folders are cached while the file system reports the
// folder as unchanged: reading fifty thousand names takes longer than the rest of a page of a list.

import { readdir, stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { monotonicMs } from '../../../clock.ts';
import { compareKeys } from '../../object-key.ts';

/** Smaller folders are not cached. */
const FEWEST_KEPT = 500;
const MOST_FOLDERS = 16;
/**
 * File systems tell the time of a change in steps of up to 2 s (FAT). Names that were read within one step of a change may lack a
 * later change of the same step, so they are not cached.
 */
const LONGEST_STEP_MS = 2500;

/** A folder, or a link that may stand for one. */
export interface FolderName {
  /** Name of the folder; ends in `/`. */
  readonly name: string;
  readonly isLink: boolean;
}

interface Kept {
  /** Inode and modification time of the folder before it was read. */
  readonly version: string;
  /** When this version was seen first, by the clock. */
  readonly sinceMs: number;
  /** Whether every later change has another version. */
  readonly isSettled: boolean;
  readonly names: readonly FolderName[];
}

/** Lists the subfolders of a folder; rejects as `readdir` does. */
export type ReadFolderNames = (path: string) => Promise<readonly FolderName[]>;

/**
 * Makes a reader of folder names with a cache of its own.
 * @param clock monotonic, in milliseconds.
 */
export function createFolderNames(clock: () => number = monotonicMs): ReadFolderNames {
  const kept = new LRUCache<string, Kept>({ max: MOST_FOLDERS });
  return async (path) => {
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    const version = `${ino} ${mtimeNs}`;
    const before = kept.get(path);
    const isSame = before?.version === version;
    if (isSame && before.isSettled) return before.names;
    const sinceMs = isSame ? before.sinceMs : clock();
    const isSettled = clock() - sinceMs >= LONGEST_STEP_MS;
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => ({ name: `${entry.name}/`, isLink: entry.isSymbolicLink() }))
      .sort((a, b) => compareKeys(a.name, b.name));
    if (names.length >= FEWEST_KEPT) kept.set(path, { version, sinceMs, isSettled, names });
    return names;
  };
}
