// The record of a dataset's names: what a rename does with it at the moment, and by which names it went before. Models, jobs and snapshots keep
// the name that they saw. Knows nothing of files.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { isHiddenByRename } from '../rename-marks.ts';
import { FORMATS } from '../storage/formats.ts';
import { changeOrCreateJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const DATASET_NAMES = {
  ...FORMATS.datasetNames,
  schema: z.object({
    /** Number of changes, so that no two states have the same bytes. */
    revision: z.number().int().nonnegative().default(0),
    /** The name that a rename gives the dataset, until nothing is left by this one. */
    renamingTo: z.string().optional(),
    /** The dataset that a rename makes this of, until everything is copied. */
    renamingFrom: z.string().optional(),
    /** The same from then on, until nothing is left of that one. */
    renamedFrom: z.string().optional(),
    /** The request that reserved the new name last, while a rename is under way. */
    renamingBy: z.string().optional(),
    /** Earlier names, oldest first. Earlier versions have written the same name several times, and the present one. */
    former: z.array(z.string()).default([]),
  }),
};
/** What is known of a dataset's names. */
export type DatasetNames = z.output<typeof DATASET_NAMES.schema>;

/** Reads the record; undefined where the dataset was never renamed. @throws {FoveaError} `record-invalid`, `format-newer`. */
export const readDatasetNames = async (
  store: ObjectStore,
  dataset: string,
): Promise<DatasetNames | undefined> =>
  (await readJson(store, keys.datasetNames(dataset), DATASET_NAMES))?.value;

/** As {@link readDatasetNames}; a damaged record hides and refuses nothing. */
async function readableNames(store: ObjectStore, dataset: string): Promise<DatasetNames | undefined> {
  try {
    return await readDatasetNames(store, dataset);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/**
 * Changes the record by compare-and-swap, or makes it. @param change `undefined` leaves it as it is; it may run several times.
 * @throws {FoveaError} what `change` throws; `record-contended`, `record-invalid`, `format-newer`.
 */
export const changeDatasetNames = (
  store: ObjectStore,
  dataset: string,
  change: (current: DatasetNames) => DatasetNames | undefined | Promise<DatasetNames | undefined>,
): Promise<DatasetNames> =>
  changeOrCreateJson(
    store,
    keys.datasetNames(dataset),
    DATASET_NAMES,
    { revision: 0, former: [] },
    async (current) => {
      const next = await change(current);
      return next && { ...next, revision: current.revision + 1 };
    },
  );

/** Whether nobody sees a dataset by this name, as {@link isHiddenByRename} says. A damaged record hides nothing. */
export async function isHiddenDataset(store: ObjectStore, dataset: string): Promise<boolean> {
  const read = (name: string) => readableNames(store, name);
  return isHiddenByRename(dataset, await read(dataset), read);
}

/**
 * All names by which models and jobs may know a dataset: its own, and earlier ones.
 * @throws {FoveaError} `record-invalid`, `format-newer`: who looks for all that holds a picture must not miss some.
 */
export async function allNamesOf(store: ObjectStore, dataset: string): Promise<ReadonlySet<string>> {
  return new Set([dataset, ...((await readDatasetNames(store, dataset))?.former ?? [])]);
}

/**
 * The dataset that had a name before it was renamed; undefined where none had it, or several. A damaged record tells none.
 * @param datasets the names of those that may be it.
 */
export async function findRenamed(
  store: ObjectStore,
  former: string,
  datasets: readonly string[],
): Promise<string | undefined> {
  const named = await mapConcurrently(datasets, async (dataset) =>
    (await readableNames(store, dataset))?.former.includes(former) ? [dataset] : [],
  );
  const [only, ...others] = named.flat();
  return others.length === 0 ? only : undefined;
}

/**
 * Refuses what would change or use a dataset by a name that it is about to lose or to get.
 * @throws {FoveaError} `dataset-in-use`.
 */
export async function refuseWhileDatasetRenamed(store: ObjectStore, dataset: string): Promise<void> {
  const names = await readableNames(store, dataset);
  if (names?.renamingTo !== undefined) throw beingRenamed(dataset, names.renamingTo);
  const from = names?.renamingFrom ?? names?.renamedFrom;
  if (from !== undefined) throw beingRenamed(from, dataset);
}

/** The error of a dataset that is being renamed: `dataset-in-use`. */
export const beingRenamed = (from: string, to: string): FoveaError =>
  new FoveaError(
    'dataset-in-use',
    `The dataset "${from}" is being renamed to "${to}". Try again when that is done. Where it was interrupted, send the same rename again ` +
      `(POST /v1/datasets/${from}/rename).`,
    { param: 'dataset', details: { dataset: from, renaming_to: to } },
  );
