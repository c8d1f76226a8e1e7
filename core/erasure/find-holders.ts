// Finds what holds something of pictures after their files are gone: models that were trained on the dataset, and events of jobs,
// batch predictions, copies in datasets, and the file that the dataset was made of.

import { mapConcurrently } from '../concurrently.ts';
import { allNamesOf } from '../dataset/dataset-names.ts';
import { pictureId } from '../dataset/split-snapshots.ts';
import { isFileId } from '../file/file-id.ts';
import { type BatchPrediction, chunksOf, mayReadDataset } from '../job/record/batch-prediction.ts';
import type { JobRecord } from '../job/record/job.ts';
import type { JobStore } from '../job/record/job-store.ts';
import { trainedOn } from '../model/has-model-of.ts';
import { MANIFEST_FILE } from '../model/read-manifest.ts';
import { REPORT_FILE } from '../model/report.ts';
import { listModels } from '../model/versions.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { findCopies } from './find-copies.ts';

/** A version of a model, a job, a batch prediction, a dataset or a file that holds something. */
export type Holder =
  | {
      readonly kind: 'version';
      readonly model: string;
      readonly version: string;
      /** `report`: its name and perhaps its thumbnail. */
      readonly holds: readonly ('weights' | 'golden_pictures' | 'report')[];
    }
  | { readonly kind: 'job'; readonly id: string; readonly holds: readonly 'events'[] }
  | {
      readonly kind: 'dataset';
      readonly dataset: string;
      /** The paths of the copies in it. */
      readonly paths: readonly string[];
      readonly holds: readonly 'content'[];
    }
  | { readonly kind: 'file'; readonly id: string; readonly holds: readonly 'content'[] }
  | { readonly kind: 'batch'; readonly id: string; readonly holds: readonly ('input_list' | 'results')[] };

/** The store and its jobs. */
export interface HolderDeps {
  readonly store: ObjectStore;
  readonly jobs: Pick<JobStore, 'list' | 'open' | 'eventsSince'>;
}

const PAGE = 100;

/** All jobs of a dataset, newest first; also those that know it by an earlier name. */
export async function* jobsOf(
  deps: Pick<HolderDeps, 'store' | 'jobs'>,
  dataset: string,
): AsyncGenerator<JobRecord> {
  const known = await allNamesOf(deps.store, dataset);
  for await (const job of allOf(deps, 'fine-tuning')) if (known.has(job.dataset)) yield job;
}

async function* allOf(
  { jobs }: Pick<HolderDeps, 'jobs'>,
  kind: 'fine-tuning' | 'batch',
): AsyncGenerator<JobRecord> {
  let after: string | undefined;
  for (;;) {
    const page = await jobs.list({ after, limit: PAGE, kind });
    yield* page.jobs;
    if (!page.hasMore || page.last === undefined) return;
    after = page.last;
  }
}

/** Whether a text names one of the keys, as JSON and HTML write them. */
const names = (text: string, wanted: ReadonlySet<string> | null): boolean =>
  wanted === null ||
  [...wanted].some((key) => text.includes(key) || text.includes(JSON.stringify(key).slice(1, -1)));

/**
 * Finds the holders of pictures of a dataset. Weights and golden pictures of every version that was trained on the dataset may
 * hold something of any of its pictures; reports and events, and the lists and results of batches,
 * are searched for the pictures' keys. A dataset that was renamed is searched for by all of its names.
 *
 * @param erased Paths of the pictures below the dataset's prefix, and paths that they had before they were moved; null for the whole dataset.
 * @param hashes sha256 of the pictures, as far as they are known.
 */
export async function findHolders(
  deps: HolderDeps,
  dataset: string,
  erased: { readonly paths: readonly string[]; readonly former: readonly string[] } | null,
  hashes: ReadonlySet<string>,
): Promise<Holder[]> {
  const { store, jobs } = deps;
  const known = [...(await allNamesOf(store, dataset))];
  const prefixes = known.map((name) => keys.dataset(name));
  const named = erased && [...erased.paths, ...erased.former];
  const wanted = named && new Set(prefixes.flatMap((prefix) => named.map((path) => `${prefix}${path}`)));
  // A report also has the hash of a picture, which may have been moved since.
  const inReports = wanted && new Set([...wanted, ...hashes]);
  // Events that earlier versions wrote have hashes of pictures that were gone.
  const inEvents = wanted && new Set([...wanted, ...[...hashes].map(pictureId)]);
  const versions = (await listModels(store, { withHidden: true })).models.flatMap(
    ({ model, versions: all }) => all.map((version) => ({ model, version })),
  );
  const models = await mapConcurrently(versions, async ({ model, version }): Promise<Holder | undefined> => {
    const trained = await trainedOn(store, keys.modelFile(model, version, MANIFEST_FILE));
    if (trained === null || !known.includes(trained)) return undefined;
    const report = (await store.get(keys.modelFile(model, version, REPORT_FILE)))?.body;
    const isNamed = report !== undefined && names(new TextDecoder().decode(report), inReports);
    const holds = ['weights', 'golden_pictures', ...(isNamed ? (['report'] as const) : [])] as const;
    return { kind: 'version', model, version, holds };
  });
  const found: Holder[] = models.filter((holder) => holder !== undefined);
  for await (const { id } of jobsOf(deps, dataset)) {
    const isNamed =
      wanted === null || (await jobs.eventsSince(id)).some((event) => names(JSON.stringify(event), inEvents));
    if (isNamed) found.push({ kind: 'job', id, holds: ['events'] });
  }
  for await (const { id, prediction } of allOf(deps, 'batch')) {
    if (prediction === undefined || !known.some((name) => mayReadDataset(prediction, name))) continue;
    const holds = await heldByBatch(store, id, prediction, wanted ?? new Set(prefixes));
    if (holds.length > 0) found.push({ kind: 'batch', id, holds });
  }
  const gone = erased && new Set(erased.paths);
  const isErased = (name: string, path: string) => name === dataset && (gone?.has(path) ?? true);
  for (const copies of await findCopies(store, hashes, isErased))
    found.push({ kind: 'dataset', ...copies, holds: ['content'] });
  // A dataset that was made of a file has its name.
  if (isFileId(dataset) && (await store.head(keys.file(dataset))) !== undefined)
    found.push({ kind: 'file', id: dataset, holds: ['content'] });
  return found;
}

/** Which files of a batch name one of the keys. A chunk's results name the pictures of its list. */
async function heldByBatch(
  store: ObjectStore,
  id: string,
  batch: BatchPrediction,
  wanted: ReadonlySet<string>,
): Promise<('input_list' | 'results')[]> {
  let isListed = false;
  for (let chunk = 0; chunk < chunksOf(batch); chunk++) {
    const list = (await store.get(keys.batchInput(id, chunk)))?.body;
    if (list === undefined || !names(new TextDecoder().decode(list), wanted)) continue;
    if ((await store.head(keys.batchResult(id, chunk))) !== undefined) return ['input_list', 'results'];
    isListed = true;
  }
  return isListed ? ['input_list'] : [];
}
