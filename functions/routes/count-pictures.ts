// Counts the pictures of a dataset in each split, by its keys alone: quick enough for every job that is created. An
// inspection finds out what is in the files, and which pictures are duplicates.

import { mapConcurrently } from '../../core/concurrently.ts';
import { quotasOf } from '../../core/dataset/assign-groups.ts';
import { detectLayout, placeFile } from '../../core/dataset/dataset-layout.ts';
import type { Split } from '../../core/dataset/split-folder.ts';
import type { JobPictures } from '../../core/job/estimate/estimate-job.ts';
import type { SplitFractions } from '../../core/job/record/job.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/**
 * The number of pictures in each split, and of classes. Every file that lies where pictures do is counted as one.
 * @param fractions the shares of the splits, for pictures that lie in no split's folder.
 */
export async function countPictures(
  store: ObjectStore,
  dataset: string,
  fractions: SplitFractions,
): Promise<JobPictures> {
  const prefix = keys.dataset(dataset);
  const folders: string[] = [];
  for await (const folder of store.listFolders(prefix)) folders.push(folder);
  // A listing gives a thousand keys a request, one request after the other, so folders are listed concurrently.
  const paths = (await mapConcurrently(folders, (folder) => listPaths(store, prefix, folder))).flat();
  const layout = detectLayout(paths);
  const labels = new Set<string>();
  const counts = { train: 0, validation: 0, test: 0, any: 0 };
  for (const path of paths) {
    const place = placeFile(path, layout);
    if (place.kind !== 'picture') continue;
    labels.add(place.label);
    counts[place.split ?? 'any']++;
  }
  const quotas = quotasOf(counts.any, fractions, false);
  const of = (split: Split) => counts[split] + quotas[split];
  return {
    train: of('train'),
    validation: of('validation'),
    test: of('test'),
    classes: labels.size,
    ...(counts.validation > 0 ? { hasValidationFolder: true } : {}),
  };
}

/** The keys of a folder, without the prefix. */
async function listPaths(store: ObjectStore, prefix: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { key } of store.list(`${prefix}${folder}/`)) paths.push(key.slice(prefix.length));
  return paths;
}
