// Says which pictures the job of a version has seen, by the snapshot of the dataset that its report names.

import { allNamesOf } from '../dataset/dataset-names.ts';
import { placesOf, readSnapshot } from '../dataset/dataset-snapshots.ts';
import type { Split } from '../dataset/split-folder.ts';
import type { Manifest } from '../model/manifest.ts';
import { REPORT, type Report } from '../model/report.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What the job of a version has seen. */
export interface SeenPictures {
  readonly report: Report;
  /** The split of each picture, by its id (see pictureId); undefined where the snapshot is missing. */
  readonly splits: ReadonlyMap<string, Split> | undefined;
}

/**
 * Reads what the job of a version has seen. Undefined for a version that was imported, and where the report is missing.
 * @param dataset the present name of a dataset, which may be the one of the version.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export async function readSeenPictures(
  store: ObjectStore,
  { model, version, dataset: trainedOn, report: files }: Manifest,
  dataset: string,
): Promise<SeenPictures | undefined> {
  if (trainedOn === null || files === undefined) return undefined;
  const report = (await readJson(store, keys.modelFile(model, version, files.file), REPORT))?.value;
  if (report === undefined) return undefined;
  // The dataset may have another name by now.
  const now = (await allNamesOf(store, dataset)).has(trainedOn) ? dataset : trainedOn;
  const snapshot = await readSnapshot(store, now, report.dataset.contentHash);
  if (snapshot === undefined) return { report, splits: undefined };
  return { report, splits: new Map([...placesOf(snapshot)].map(([id, { split }]) => [id, split])) };
}
