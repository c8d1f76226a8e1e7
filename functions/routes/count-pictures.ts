// How many pictures a dataset has in each split, by its keys alone: quick enough to be asked with every job. What is in the
// files, and which of them are doubles, an inspection finds out.

import { type DatasetLayout, detectLayout, placeFile, SPLITS } from '../../core/dataset/dataset-layout.ts';
import type { JobPictures } from '../../core/job/estimate-job.ts';
import type { SplitFractions } from '../../core/job/job.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** Every file that lies where pictures do is counted as one. */
export async function countPictures(
  store: ObjectStore,
  dataset: string,
  fractions: SplitFractions,
): Promise<JobPictures> {
  const layout = await detectLayout(store, dataset);
  const prefix = keys.dataset(dataset);
  const folders: string[] = [];
  for await (const folder of store.listFolders(prefix)) folders.push(folder);
  // A listing gives a thousand keys a request, one after the other: folders are listed side by side.
  const counts = await Promise.all(folders.map((folder) => countFolder(store, prefix, folder, layout)));
  const labels = new Set(counts.flatMap((count) => [...count.labels]));
  const sum = (split: (typeof SPLITS)[number] | 'any') =>
    counts.reduce((total, { pictures }) => total + (pictures.get(split) ?? 0), 0);
  const any = sum('any');
  const [train, validation, test] = SPLITS.map((split) => sum(split) + Math.round(any * fractions[split]));
  return { train: train ?? 0, validation: validation ?? 0, test: test ?? 0, classes: labels.size };
}

async function countFolder(store: ObjectStore, prefix: string, folder: string, layout: DatasetLayout) {
  const labels = new Set<string>();
  const pictures = new Map<string, number>();
  for await (const { key } of store.list(`${prefix}${folder}/`)) {
    const place = placeFile(key.slice(prefix.length), layout);
    if (place.kind !== 'picture') continue;
    labels.add(place.label);
    const split = place.split ?? 'any';
    pictures.set(split, (pictures.get(split) ?? 0) + 1);
  }
  return { labels, pictures };
}
