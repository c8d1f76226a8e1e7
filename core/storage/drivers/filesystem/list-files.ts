// Walks the folders of a store in the order of keys, with the entries of one path in memory. Knows nothing of writing.

import type { Dirent } from 'node:fs';
import { lstat, opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isFoveaError } from '../../../errors/errors.ts';
import { compareKeys, NOT_UTF8, RESERVED_FOLDER } from '../../object-key.ts';
import type { ObjectInfo } from '../../object-store.ts';
import { etagOf, ifThere, isMissing } from './file-version.ts';
import type { FolderName, ReadFolderNames } from './folder-names.ts';
import type { StoreFolders } from './store-folders.ts';

/** How many files are looked at together: enough to keep Node's four file threads busy. */
const STAT_BATCH = 64;

/** The paths of a store, as far as a walk needs them. */
export type ListedFolders = Pick<StoreFolders, 'pathOf' | 'linked' | 'assertInside'>;

interface Entry {
  /** The key of a file, or the prefix of the keys in a folder, which ends in `/`. */
  readonly key: string;
  readonly isFolder: boolean;
}

/** Whether an entry is an object. Sockets, pipes and devices are not. Links are, so that reading them tells what is wrong. */
const isObject = (entry: Dirent): boolean => entry.isFile() || entry.isSymbolicLink();

/** Whether a walk from the top would enter a folder. A prefix may name one that it would not. */
async function mayEnter({ pathOf, assertInside }: ListedFolders, folder: string): Promise<boolean> {
  try {
    await assertInside(pathOf(folder), folder);
    return true;
  } catch (error) {
    if (isMissing(error) || isFoveaError(error, 'storage-link-refused')) return false;
    throw error;
  }
}

/** The result of reading a folder; empty where there is none. */
async function unlessMissing<T>(read: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await read;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Entries of one folder in the order of their keys: `a-b` comes before `a/…`, as `-` sorts before `/`. */
async function readFolder(folders: ListedFolders, folder: string): Promise<readonly Entry[]> {
  const { linked, pathOf } = folders;
  const found = await unlessMissing(readdir(pathOf(folder), { withFileTypes: true }));
  const entries: Entry[] = [];
  for (const entry of found) {
    if (folder === '' && entry.name === RESERVED_FOLDER) continue;
    // A folder whose name is not UTF-8 cannot be opened. It is listed as an object, so that it is reported.
    const isFolder =
      (entry.isDirectory() && !(await isNotUtf8(folders, folder + entry.name))) ||
      (entry.isSymbolicLink() && (await linked.isLinked(`${folder}${entry.name}/`)));
    if (isFolder) entries.push({ key: `${folder}${entry.name}/`, isFolder: true });
    else if (isObject(entry) || entry.isDirectory())
      entries.push({ key: folder + entry.name, isFolder: false });
  }
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}

/** Whether a name has replacement characters for bytes that are not UTF-8; there is no file of that name. */
const isNotUtf8 = async ({ pathOf }: ListedFolders, key: string): Promise<boolean> =>
  key.includes(NOT_UTF8) && (await ifThere(lstat(pathOf(key), { bigint: true }))) === undefined;

async function readInfo({ pathOf }: ListedFolders, key: string): Promise<ObjectInfo | undefined> {
  const path = pathOf(key);
  let stats = await ifThere(stat(path, { bigint: true }));
  if (stats === undefined || !stats.isFile()) stats = await ifThere(lstat(path, { bigint: true }));
  // A name that is not UTF-8 contains U+FFFD and cannot be opened. It is listed, so that reading it tells why.
  if (stats === undefined) return key.includes(NOT_UTF8) ? unreadable(key) : undefined;
  const sizeBytes = stats.isFile() ? Number(stats.size) : 0;
  return { key, sizeBytes, etag: etagOf(stats), lastModified: stats.mtime };
}

const unreadable = (key: string): ObjectInfo => ({
  key,
  sizeBytes: 0,
  etag: '"unreadable"',
  lastModified: new Date(0),
});

/** Lists the files whose key starts with `prefix` and comes after `startAfter`, in the order of keys. */
export async function* listFiles(
  folders: ListedFolders,
  prefix: string,
  startAfter: string,
  signal?: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  const top = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (await mayEnter(folders, top)) yield* walk(top);

  async function* walk(folder: string): AsyncGenerator<ObjectInfo> {
    let files: string[] = [];
    for (const { key, isFolder } of await readFolder(folders, folder)) {
      signal?.throwIfAborted();
      if (isFolder) {
        const mayMatch = key.startsWith(prefix) || prefix.startsWith(key);
        const mayFollow = startAfter.startsWith(key) || compareKeys(key, startAfter) > 0;
        if (!mayMatch || !mayFollow) continue;
        yield* readAll(files);
        files = [];
        yield* walk(key);
      } else if (key.startsWith(prefix) && compareKeys(key, startAfter) > 0) {
        files.push(key);
        if (files.length < STAT_BATCH) continue;
        yield* readAll(files);
        files = [];
      }
    }
    yield* readAll(files);
  }

  async function* readAll(files: readonly string[]): AsyncGenerator<ObjectInfo> {
    for (const info of await Promise.all(files.map((key) => readInfo(folders, key)))) {
      signal?.throwIfAborted();
      if (info !== undefined) yield info;
    }
  }
}

/** Whether at least one object lies below the folder, at any depth. */
async function holdsObject(path: string): Promise<boolean> {
  try {
    const folders: string[] = [];
    for await (const entry of await opendir(path)) {
      if (isObject(entry)) return true;
      if (entry.isDirectory()) folders.push(join(path, entry.name));
    }
    for (const folder of folders) if (await holdsObject(folder)) return true;
    return false;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Lists the folders directly below `prefix` that hold objects and come after the folder `startAfter`, in order. */
export async function* listFolderNames(
  folders: ListedFolders,
  readNames: ReadFolderNames,
  prefix: string,
  startAfter: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  if (!(await mayEnter(folders, prefix))) return;
  const names = await unlessMissing(readNames(folders.pathOf(prefix)));
  for (const { name, isLink } of names.slice(firstAfter(names, startAfter))) {
    signal?.throwIfAborted();
    const key = prefix + name;
    if (key === `${RESERVED_FOLDER}/`) continue;
    const isFolder = isLink
      ? await folders.linked.isLinked(key)
      : !(await isNotUtf8(folders, key.slice(0, -1)));
    if (isFolder && (await holdsObject(folders.pathOf(key)))) yield name.slice(0, -1);
  }
}

/** Index of the first name after a folder, by bisection. */
function firstAfter(names: readonly FolderName[], startAfter: string | undefined): number {
  if (startAfter === undefined) return 0;
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compareKeys((names[middle] as FolderName).name, `${startAfter}/`) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
