// Finds the test pictures of a job that the live version has not been trained on, by what that version's report says of its split.

import { allNamesOf } from '../../core/dataset/dataset-names.ts';
import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { createSplitSnapshots, pictureId } from '../../core/dataset/split-snapshots.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { PromotionReason } from '../../core/model/promotion.ts';
import { REPORT } from '../../core/model/report.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** The store, and the job's dataset as it was inspected. */
export interface CommonPicturesDeps {
  readonly store: ObjectStore;
  readonly inspection: DatasetInspection;
}

/**
 * The pictures of the test split that are new to a version of the same dataset: those that its snapshot of the split has in the test
 * split, or does not have, because they came later. A picture of its validation split counts as seen.
 * @returns the pictures, or why they are not known.
 */
export async function commonPictures(
  { store, inspection }: CommonPicturesDeps,
  live: Manifest,
): Promise<readonly DatasetItem[] | PromotionReason> {
  // It may have had another name when the version was trained.
  if (live.dataset === null || !(await allNamesOf(store, inspection.dataset)).has(live.dataset))
    return 'other-dataset';
  if (live.report === undefined) return 'pictures-unknown';
  const report = await readJson(store, keys.modelFile(live.model, live.version, live.report.file), REPORT);
  if (report === undefined) return 'pictures-unknown';
  const { training, dataset } = report.value;
  const tested = inspection.items.filter(({ split }) => split === 'test');
  // The same pictures in the same splits.
  if (dataset.contentHash === inspection.contentHash) return tested;
  const fractions = SplitFractionsSchema.safeParse(training.split);
  if (training.splitSnapshot === null || !fractions.success) return 'pictures-unknown';
  const snapshots = createSplitSnapshots(store, inspection.dataset, fractions.data);
  const snapshot = await snapshots.read(training.splitSnapshot);
  if (snapshot === undefined) return 'pictures-unknown';
  return tested.filter(({ contentHash }) => {
    const split = snapshot.splits.get(pictureId(contentHash));
    return split === undefined || split === 'test';
  });
}
