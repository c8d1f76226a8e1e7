// Finds the test pictures of a job that the live version has not been trained on, by what the store says that version has seen.

import { allNamesOf } from '../dataset/dataset-names.ts';
import type { DatasetInspection, DatasetItem } from '../dataset/inspect-dataset.ts';
import { createSplitSnapshots, pictureId } from '../dataset/split-snapshots.ts';
import { SplitFractionsSchema } from '../job/record/job.ts';
import type { Manifest } from '../model/manifest.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { PromotionReason } from '../words/promotion.ts';
import { readSeenPictures } from './seen-pictures.ts';

/** The store, and the job's dataset as it was inspected. */
export interface CommonPicturesDeps {
  readonly store: ObjectStore;
  readonly inspection: Pick<DatasetInspection, 'dataset' | 'items' | 'contentHash'>;
}

/**
 * The pictures of the test split that are new to a version of the same dataset: those that its job had in the test split, or did not
 * have, because they came later. A picture of its validation split counts as seen.
 * @returns the pictures, or why they are not known.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export async function commonPictures(
  { store, inspection }: CommonPicturesDeps,
  live: Manifest,
): Promise<readonly DatasetItem[] | PromotionReason> {
  // It may have had another name when the version was trained.
  if (live.dataset === null || !(await allNamesOf(store, inspection.dataset)).has(live.dataset))
    return 'other-dataset';
  const seen = await readSeenPictures(store, live, inspection.dataset);
  if (seen === undefined) return 'pictures-unknown';
  const { training, dataset } = seen.report;
  const tested = inspection.items.filter(({ split }) => split === 'test');
  // The same pictures in the same splits.
  if (dataset.contentHash === inspection.contentHash) return tested;
  const splits = seen.splits ?? (await splitsOfSplit({ store, inspection }, training));
  if (splits === undefined) return 'pictures-unknown';
  return tested.filter(({ contentHash }) => {
    const split = splits.get(pictureId(contentHash));
    return split === undefined || split === 'test';
  });
}

/** The splits by the snapshot of the split, for versions from before there were snapshots of datasets. */
async function splitsOfSplit(
  { store, inspection }: CommonPicturesDeps,
  { split, splitSnapshot }: { readonly split: unknown; readonly splitSnapshot: number | null },
) {
  const fractions = SplitFractionsSchema.safeParse(split);
  if (splitSnapshot === null || !fractions.success) return undefined;
  const snapshots = createSplitSnapshots(store, inspection.dataset, fractions.data);
  return (await snapshots.read(splitSnapshot))?.splits;
}
