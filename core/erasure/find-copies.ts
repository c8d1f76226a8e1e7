// Finds files of datasets that have the same bytes as erased ones, by what inspections know and by the names of feedback. Reads no picture.

import { mapConcurrently } from '../concurrently.ts';
import { compareText } from '../dataset/compare-text.ts';
import { isHiddenDataset } from '../dataset/dataset-names.ts';
import { feedbackModel, isFeedbackFile, NAME_DIGITS } from '../dataset/keep-feedback.ts';
import { knownHashes } from '../dataset/known-files.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** The copies in one dataset. */
export interface Copies {
  readonly dataset: string;
  /** Paths below the dataset. */
  readonly paths: readonly string[];
}

/** Datasets that are searched at a time. */
const CONCURRENCY = 4;

/**
 * Finds the copies in all datasets, by name. Files that were not inspected as they are now are not found, but for feedback.
 *
 * @param hashes sha256 of the erased files.
 * @param isErased whether a file of a dataset is itself erased.
 */
export async function findCopies(
  store: ObjectStore,
  hashes: ReadonlySet<string>,
  isErased: (dataset: string, path: string) => boolean,
): Promise<Copies[]> {
  if (hashes.size === 0) return [];
  const names = new Set([...hashes].map((hash) => hash.slice(0, NAME_DIGITS)));
  const search = async (dataset: string): Promise<Copies | undefined> => {
    const paths = new Set<string>();
    for (const [path, ofPath] of await knownHashes(store, dataset, hashes)) {
      if (isErased(dataset, path) || ![...ofPath.values()].some((hash) => hashes.has(hash))) continue;
      const info = await store.head(`${keys.dataset(dataset)}${path}`);
      if (info !== undefined && hashes.has(ofPath.get(info.etag) ?? '')) paths.add(path);
    }
    if (feedbackModel(dataset) !== undefined)
      for await (const { key } of store.list(keys.dataset(dataset))) {
        const path = key.slice(keys.dataset(dataset).length);
        const name = path.slice(path.indexOf('/') + 1, path.indexOf('/') + 1 + NAME_DIGITS);
        if (isFeedbackFile(path) && names.has(name) && !isErased(dataset, path)) paths.add(path);
      }
    if (paths.size === 0 || (await isHiddenDataset(store, dataset))) return undefined;
    return { dataset, paths: [...paths].sort(compareText) };
  };
  const datasets: string[] = [];
  for await (const dataset of store.listFolders(keys.datasets())) datasets.push(dataset);
  const found = await mapConcurrently(datasets, search, CONCURRENCY);
  return found.filter((copies) => copies !== undefined);
}
