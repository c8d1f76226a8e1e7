// Snapshots of datasets: what a job saw, as ids of pictures by class and split, without names. Each is written once, under the content hash of its
// inspection, which reports name.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { SPLITS, type Split } from './split-folder.ts';
import { pictureId } from './split-snapshots.ts';

const IdsSchema = z.array(z.string());
const DATASET_SNAPSHOT = {
  ...FORMATS.datasetSnapshot,
  schema: z.object({
    dataset: z.string(),
    contentHash: z.string(),
    /** Whether the validation split was a folder; absent in snapshots of earlier versions. */
    hasValidationFolder: z.boolean().optional(),
    /** For each class the ids of its pictures by split, see pictureId. */
    classes: z.array(
      z.object({ label: z.string(), train: IdsSchema, validation: IdsSchema, test: IdsSchema }),
    ),
  }),
};
/** What a job saw. */
export type DatasetSnapshot = z.output<typeof DATASET_SNAPSHOT.schema>;

/** What a snapshot keeps of an inspection. */
export interface SeenDataset {
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly items: readonly {
    readonly classIndex: number;
    readonly split: Split;
    readonly contentHash: string;
  }[];
  readonly contentHash: string;
  readonly hasValidationFolder: boolean;
}

/** Writes the snapshot of an inspection, unless it is there. */
export async function recordSnapshot(
  store: ObjectStore,
  { dataset, classes, items, contentHash, hasValidationFolder }: SeenDataset,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const key = keys.datasetSnapshot(dataset, contentHash);
  if ((await store.head(key, options)) !== undefined) return;
  const ids = classes.map((label) => ({
    label,
    train: [] as string[],
    validation: [] as string[],
    test: [] as string[],
  }));
  for (const item of items) ids[item.classIndex]?.[item.split].push(pictureId(item.contentHash));
  for (const ofClass of ids) for (const split of SPLITS) ofClass[split].sort();
  try {
    const snapshot = { dataset, contentHash, hasValidationFolder, classes: ids };
    await createJson(store, key, DATASET_SNAPSHOT, snapshot, options);
  } catch (error) {
    // Another job saw the same.
    if (!(error instanceof PreconditionFailedError)) throw error;
  }
}

/** Reads a snapshot; `undefined` where there is none. @throws {FoveaError} `record-invalid`, `format-newer`. */
export const readSnapshot = async (
  store: ObjectStore,
  dataset: string,
  contentHash: string,
): Promise<DatasetSnapshot | undefined> =>
  (await readJson(store, keys.datasetSnapshot(dataset, contentHash), DATASET_SNAPSHOT))?.value;

/**
 * Reads a snapshot that has to be there.
 * @param param the field of the request that names it.
 * @throws {FoveaError} `dataset-snapshot-not-found`; `record-invalid`, `format-newer`.
 */
export async function requireDatasetSnapshot(
  store: ObjectStore,
  dataset: string,
  id: string,
  param: string,
): Promise<DatasetSnapshot> {
  const found = await readSnapshot(store, dataset, id);
  if (found !== undefined) return found;
  throw new FoveaError(
    'dataset-snapshot-not-found',
    `The dataset "${dataset}" has no snapshot "${id}". Name one that GET /v1/datasets/{dataset}/snapshots lists.`,
    { param, details: { dataset, snapshot: id } },
  );
}

/** The place of a picture in a snapshot. */
export interface PicturePlace {
  readonly label: string;
  readonly split: Split;
}

/** The number of pictures in each split, and of classes. */
export function countSeen({ classes, hasValidationFolder }: DatasetSnapshot) {
  const of = (split: Split) => classes.reduce((sum, ids) => sum + ids[split].length, 0);
  return {
    train: of('train'),
    validation: of('validation'),
    test: of('test'),
    classes: classes.length,
    ...(hasValidationFolder === true ? { hasValidationFolder } : {}),
  };
}

/** What is different in a later snapshot. Pictures are named by their ids. */
export interface SnapshotDiff {
  readonly added: readonly ({ readonly id: string } & PicturePlace)[];
  readonly removed: readonly ({ readonly id: string } & PicturePlace)[];
  /** Pictures in another class or split. */
  readonly moved: readonly { readonly id: string; readonly from: PicturePlace; readonly to: PicturePlace }[];
}

/** Compares two snapshots. */
export function diffSnapshots(before: DatasetSnapshot, after: DatasetSnapshot): SnapshotDiff {
  const [earlier, later] = [placesOf(before), placesOf(after)];
  const moved: SnapshotDiff['moved'][number][] = [];
  for (const [id, to] of later) {
    const from = earlier.get(id);
    if (from !== undefined && (from.label !== to.label || from.split !== to.split))
      moved.push({ id, from, to });
  }
  const only = (places: ReadonlyMap<string, PicturePlace>, others: ReadonlyMap<string, PicturePlace>) =>
    [...places].flatMap(([id, place]) => (others.has(id) ? [] : [{ id, ...place }]));
  return { added: only(later, earlier), removed: only(earlier, later), moved };
}

/** The place of each picture, by its id. The caller owns the map. */
export function placesOf({ classes }: DatasetSnapshot): Map<string, PicturePlace> {
  const places = new Map<string, PicturePlace>();
  for (const { label, ...ids } of classes)
    for (const split of SPLITS) for (const id of ids[split]) places.set(id, { label, split });
  return places;
}
