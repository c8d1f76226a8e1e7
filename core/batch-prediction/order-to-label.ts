// Orders the pictures of a batch prediction for those who label: what the model is least sure of comes first, and what looks like a picture
// before it comes last. Reads the answers that are kept, and no picture.

import { mapConcurrently } from '../concurrently.ts';
import { openKnownFiles } from '../dataset/known-files.ts';
import { groupNearDuplicates } from '../dataset/near-duplicates.ts';
import { FoveaError } from '../errors/errors.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import type { BatchPrediction } from '../job/record/batch-prediction.ts';
import type { LabelScore } from '../predict/top-k.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { listResults, readResultLines } from './results.ts';

/** The answers of more would take too long for one request, and too much memory. */
export const MOST_ORDERED = 100_000;
/** Pictures among which near-duplicates are looked for, which takes about a second; in larger batches there are none. */
const MOST_GROUPED = 20_000;
const CONCURRENCY = 4;

/** A picture with the answer of the model. */
export interface PictureToLabel {
  /** Number of the picture in the batch, from 0. */
  readonly index: number;
  readonly key: string;
  readonly customId: string | null;
  /** 1 - (p1 - p2) of the two likeliest labels, 0 to 1. */
  readonly uncertainty: number;
  readonly isRejected: boolean;
  /** Best first. */
  readonly predictions: readonly LabelScore[];
  /** Key of a picture further up that looks the same; null where none is known. */
  readonly looksLike: string | null;
}

/** The pictures in their order, and how many have errors. */
export interface OrderedPictures {
  readonly pictures: readonly PictureToLabel[];
  readonly failed: number;
}

/**
 * Reads all answers of a batch that is over, and orders them by the margin between the two likeliest labels, smallest first: Scheffer,
 * Decomain and Wrobel (2001), "Active hidden Markov models for information extraction". Near-duplicates are known of pictures of datasets
 * that were inspected; the surest of a group come after all others.
 * @throws {FoveaError} `batch-order-unavailable` for more than {@link MOST_ORDERED} pictures, and where pictures have one label each.
 */
export async function orderToLabel(
  store: ObjectStore,
  batchId: string,
  batch: BatchPrediction,
  signal: AbortSignal,
): Promise<OrderedPictures> {
  if (batch.topK < 2)
    throw unavailable(batchId, 'its pictures have one label each. Make a batch with top_k of 2 or more');
  if (batch.pictures > MOST_ORDERED)
    throw unavailable(
      batchId,
      `it has ${batch.pictures} pictures, and at most ${MOST_ORDERED} are ordered. Make several batches`,
    );
  const chunks = await mapConcurrently(
    await listResults(store, batchId),
    async ({ key }) => {
      signal.throwIfAborted();
      return (await readResultLines(store, key)).map(parseLine);
    },
    CONCURRENCY,
  );
  const lines = chunks.flat();
  const answered = lines.filter((line) => line !== undefined);
  answered.sort((a, b) => b.uncertainty - a.uncertainty || a.index - b.index);
  const pictures = await groupsLast(store, answered, signal);
  return { pictures, failed: lines.length - answered.length };
}

type Answered = Omit<PictureToLabel, 'looksLike'>;

/** A line in Fovea's form, or in that of OpenAI's batches. */
interface ResultLine {
  readonly id: string;
  readonly index?: number;
  readonly custom_id: string | null;
  readonly key?: string;
  readonly rejected?: boolean;
  readonly predictions?: readonly LabelScore[];
  readonly response?: {
    readonly body: Required<Pick<ResultLine, 'key' | 'rejected' | 'predictions'>>;
  } | null;
}

/** The answer of a line; undefined where the picture has an error. */
function parseLine(text: string): Answered | undefined {
  const line = JSON.parse(text) as ResultLine;
  const { key, rejected = false, predictions } = line.response?.body ?? line;
  if (key === undefined || predictions === undefined) return undefined;
  const [first, second] = predictions;
  return {
    index: line.index ?? Number(line.id.slice(line.id.lastIndexOf('-') + 1)),
    key,
    customId: line.custom_id,
    uncertainty: 1 - ((first?.score ?? 1) - (second?.score ?? 0)),
    isRejected: rejected,
    predictions,
  };
}

/** The first picture of each group of near-duplicates keeps its place; the others come after all. */
async function groupsLast(
  store: ObjectStore,
  pictures: readonly Answered[],
  signal: AbortSignal,
): Promise<PictureToLabel[]> {
  const facts = pictures.length > MOST_GROUPED ? new Map() : await knownFacts(store, pictures, signal);
  const known = pictures.filter(({ key }) => facts.has(key));
  const leaders = await groupNearDuplicates(
    known.map(({ key }) => facts.get(key) ?? { contentHash: key, thumbnail: null }),
    signal,
  );
  const groups = new Map(known.map(({ key }, at) => [key, leaders[at]] as const));
  const first = new Map<number, string>();
  const ordered = pictures.map((picture): PictureToLabel => {
    const group = groups.get(picture.key);
    const looksLike = group === undefined ? undefined : first.get(group);
    if (group !== undefined && looksLike === undefined) first.set(group, picture.key);
    return { ...picture, looksLike: looksLike ?? null };
  });
  const isFirst = ({ looksLike }: PictureToLabel) => looksLike === null;
  return [...ordered.filter(isFirst), ...ordered.filter((picture) => !isFirst(picture))];
}

type Facts = Parameters<typeof groupNearDuplicates>[0][number];

/** What inspections found out about pictures of datasets, by key. */
async function knownFacts(
  store: ObjectStore,
  pictures: readonly Answered[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Facts>> {
  const wanted = new Set(pictures.map(({ key }) => key).filter((key) => key.startsWith(keys.datasets())));
  const datasets = new Set([...wanted].map((key) => key.slice(keys.datasets().length).split('/')[0] ?? ''));
  const facts = new Map<string, Facts>();
  for (const dataset of datasets) {
    const known = await openKnownFiles(store, dataset, DEFAULT_IMAGE_LIMITS, { signal });
    for await (const listed of store.list(keys.dataset(dataset), { signal })) {
      const verdict = wanted.has(listed.key) ? known.find(listed, 'full') : undefined;
      if (verdict !== undefined && 'contentHash' in verdict) facts.set(listed.key, verdict);
    }
  }
  return facts;
}

const unavailable = (batchId: string, problem: string) =>
  new FoveaError(
    'batch-order-unavailable',
    `The pictures of batch "${batchId}" cannot be ordered: ${problem}.`,
    { param: 'batch_id' },
  );
