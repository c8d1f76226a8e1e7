// Gives a dataset another name: copies its files and its splits, shows them by the new name all at once, and erases the old ones. Each step can
// be repeated, so a rename that was interrupted goes on when it is asked for again.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { reserveName, withoutMark } from '../rename-marks.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { beingRenamed, changeDatasetNames, type DatasetNames, readDatasetNames } from './dataset-names.ts';

/** Files that are in memory at a time. */
const CONCURRENCY = 4;
/** A name that no file of a dataset has. */
const PROBE = '.rename';

/** How a rename is carried out. */
export interface RenameDatasetOptions {
  /** Rejects where something uses the dataset. It is asked once nobody can begin to use it any more. */
  readonly refuse: () => Promise<void>;
  /** Whether the time of the request is up. Default: never. */
  readonly isTimeUp?: () => boolean;
}

/**
 * Renames a dataset. At every moment one of both names stands for it, also where this was interrupted. What jobs, reports and snapshots say of
 * it stays as it is; the record of its names says what it was called.
 * @param to a valid name.
 * @throws {FoveaError} `dataset-exists` where the new name is taken; `dataset-in-use` while the dataset is renamed otherwise;
 *   `dataset-renaming` where the time is up; `storage-link-refused` for a linked dataset; what `refuse` throws.
 */
export async function renameDataset(
  store: ObjectStore,
  from: string,
  to: string,
  { refuse, isTimeUp = () => false }: RenameDatasetOptions,
): Promise<void> {
  if (from === to) throw nameTaken(from, to);
  const files = { store, from: keys.dataset(from), to: keys.dataset(to), isTimeUp };
  if ((await readDatasetNames(store, to))?.renamedFrom !== from) {
    // Of a linked dataset nothing could be erased later.
    await store.erase(`${files.from}${PROBE}`);
    await reserve(store, from, to, refuse);
    await copyNew(files);
    await copyNew({ ...files, from: keys.datasetSplits(from), to: keys.datasetSplits(to) });
    await show(store, from, to);
  }
  // By links that were given before, files may have come since.
  await erasePaths(files, await copyNew(files));
  await store.eraseAll(keys.datasetInspections(from));
  await store.eraseAll(keys.datasetSplits(from));
  await changeDatasetNames(store, to, withoutMark('renamedFrom', from));
}

/** Keeps everybody from changing what is copied, and reserves the new name. */
async function reserve(
  store: ObjectStore,
  from: string,
  to: string,
  refuse: () => Promise<void>,
): Promise<void> {
  await changeDatasetNames(store, from, async (names) => {
    if (names.renamingTo === to) return undefined;
    if (names.renamingTo !== undefined) throw beingRenamed(from, names.renamingTo);
    if (names.renamedFrom !== undefined) throw beingRenamed(names.renamedFrom, from);
    if (await isTaken(store, from, to)) throw nameTaken(from, to);
    return { ...names, renamingTo: to };
  });
  await reserveName<DatasetNames>(
    { from, to },
    {
      change: (name, change) => changeDatasetNames(store, name, change),
      isTaken: () => isTaken(store, from, to),
      nameTaken: () => nameTaken(from, to),
      // Where files are copied, an interrupted rename has asked before.
      refuse: async () => ((await hasFiles(store, to)) ? undefined : refuse()),
      givenUp: () => beingRenamed(from, to),
    },
  );
}

async function hasFiles(store: ObjectStore, dataset: string): Promise<boolean> {
  for await (const _ of store.list(keys.dataset(dataset))) return true;
  return false;
}

async function isTaken(store: ObjectStore, from: string, to: string): Promise<boolean> {
  const names = await readDatasetNames(store, to);
  if (names?.renamingFrom !== undefined) return names.renamingFrom !== from;
  return (await hasFiles(store, to)) || names?.renamingTo !== undefined || names?.renamedFrom !== undefined;
}

/** What is copied, and erased: the keys below a prefix. */
interface Moved {
  readonly store: ObjectStore;
  readonly from: string;
  readonly to: string;
  readonly isTimeUp: () => boolean;
}

/**
 * Copies what is not there yet, or was replaced since it was copied. The record of names is none of it: each name has its own.
 * @returns the paths below the prefix that were there, all of which are copied.
 */
async function copyNew({ store, from, to, isTimeUp }: Moved): Promise<readonly string[]> {
  const there = new Map<string, ObjectInfo>();
  for await (const info of store.list(to)) there.set(info.key.slice(to.length), info);
  const all: string[] = [];
  const left: string[] = [];
  for await (const info of store.list(from)) {
    const path = info.key.slice(from.length);
    if (path === keys.datasetNamesFile()) continue;
    all.push(path);
    const copy = there.get(path);
    if (copy?.sizeBytes === info.sizeBytes && copy.lastModified >= info.lastModified) continue;
    left.push(path);
  }
  let done = all.length - left.length;
  await mapConcurrently(
    left,
    async (path) => {
      const object = await store.get(`${from}${path}`);
      if (object !== undefined) await store.put(`${to}${path}`, object.body);
      done += 1;
      if (isTimeUp() && done < all.length) throw unfinished('copied', done, all.length);
    },
    CONCURRENCY,
  );
  return all;
}

async function erasePaths({ store, from, isTimeUp }: Moved, paths: readonly string[]): Promise<void> {
  let done = 0;
  await mapConcurrently(paths, async (path) => {
    await store.erase(`${from}${path}`);
    done += 1;
    if (isTimeUp() && done < paths.length) throw unfinished('erased by the old name', done, paths.length);
  });
}

/**
 * Lets the new name stand for the dataset.
 * @throws {FoveaError} `dataset-in-use` where the new name is not reserved any more: nothing may be erased by the old one then.
 */
async function show(store: ObjectStore, from: string, to: string): Promise<void> {
  const { former = [] } = (await readDatasetNames(store, from)) ?? {};
  const shown = await changeDatasetNames(store, to, ({ renamingFrom, renamingBy: _, ...names }) =>
    renamingFrom === from
      ? { ...names, renamedFrom: from, former: formerOf(to, [...former, from]) }
      : undefined,
  );
  // Or the same request at the same moment was quicker, and nothing is left to do.
  if (shown.renamedFrom !== from && !shown.former.includes(from)) throw beingRenamed(from, to);
}

/** Each earlier name once, where it was left last, without the present one. */
const formerOf = (name: string, former: readonly string[]): string[] =>
  former.filter((one, at) => one !== name && former.lastIndexOf(one) === at);

const unfinished = (what: string, done: number, total: number) =>
  new FoveaError(
    'dataset-renaming',
    `The dataset is being renamed: ${done} of ${total} files are ${what}. Send the same request again to go on.`,
    { param: 'name', details: { done, total } },
  );

const nameTaken = (from: string, to: string) =>
  new FoveaError(
    'dataset-exists',
    `The dataset "${from}" was not renamed: ${from === to ? 'that is its name' : `there is a dataset "${to}"`}. Choose another name.`,
    { param: 'name', details: { dataset: from, name: to } },
  );
