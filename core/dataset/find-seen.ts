// Finds the pictures of a snapshot again by their content: whatever their files are called now, and whichever folders they are in.

import { keys } from '../storage/keys.ts';
import { type DatasetSnapshot, placesOf } from './dataset-snapshots.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';
import type { Split } from './split-folder.ts';
import { pictureId } from './split-snapshots.ts';

/** The pictures of a snapshot that are still there, each with the label that it has in the snapshot. */
export interface SeenPictures {
  readonly pictures: readonly Picture[];
  /** Their splits, in the same order. */
  readonly splits: readonly Split[];
}

/**
 * Picks the pictures of a snapshot, and reports those that are gone.
 * @param all good pictures of the dataset, of any class, in the order of their keys; of copies the first is taken.
 * @param formerPaths where inspections found pictures that are gone, by id.
 */
export function findSeen(
  all: readonly Picture[],
  snapshot: DatasetSnapshot,
  formerPaths: (ids: ReadonlySet<string>) => ReadonlyMap<string, string>,
  dataset: string,
  findings: FindingList,
): SeenPictures {
  const left = placesOf(snapshot);
  const pictures: Picture[] = [];
  const splits: Split[] = [];
  for (const picture of all) {
    const id = pictureId(picture.contentHash);
    const place = left.get(id);
    if (place === undefined) continue;
    left.delete(id);
    // Its folder says nothing any more.
    pictures.push({ ...picture, label: place.label, split: null });
    splits.push(place.split);
  }
  const paths = formerPaths(new Set(left.keys()));
  for (const [id, { label, split }] of left) {
    const path = paths.get(id);
    const key = `${keys.dataset(dataset)}${path ?? `${label}/`}`;
    const what = path === undefined ? `A picture of the class "${label}"` : `"${key}"`;
    findings.add(
      'picture-gone',
      key,
      `${what} is gone: no file of the dataset has the bytes that the job saw (class "${label}", ${split}). ` +
        'Put a file with these bytes back, by any name, or train without it.',
      [],
      id,
    );
  }
  return { pictures, splits };
}
