// What the record of a job says where the job is a batch prediction: it predicts many pictures with a model instead of making one.
// Knows nothing of how pictures are predicted.

import { z } from 'zod';
import { keys } from '../../storage/keys.ts';

/** How many pictures of a batch prediction are answered. */
export const BatchCountsSchema = z.object({
  /** Pictures with a prediction. */
  completed: z.number().int().nonnegative(),
  /** Pictures with an error. */
  failed: z.number().int().nonnegative(),
});
/** How many pictures are answered. */
export type BatchCounts = z.infer<typeof BatchCountsSchema>;

/** The counts before the first picture. */
export const NOTHING_ANSWERED: BatchCounts = { completed: 0, failed: 0 };

/** Adds counts up. */
export const addCounts = (a: BatchCounts, b: BatchCounts): BatchCounts => ({
  completed: a.completed + b.completed,
  failed: a.failed + b.failed,
});

/** The settings and the results of a batch prediction. The record's `model` is the model that predicts. */
export const BatchPredictionSchema = z.object({
  /** Version of the model, a number. */
  version: z.string(),
  /** Labels for each picture. */
  topK: z.number().int().min(1),
  /** Which file of the version is run; core/predict/served-precision.ts has the names. */
  precision: z.enum(['auto', 'float32', 'int8']),
  /** The form of the lines of the results: Fovea's, or that of OpenAI's batches. */
  lines: z.enum(['fovea', 'openai']),
  /** Where the pictures are named: all objects below a prefix, or a JSONL file. */
  source: z.object({ kind: z.enum(['prefix', 'file']), key: z.string() }),
  /** Whether some of the pictures are those of datasets; absent in the records of earlier versions. */
  readsDatasets: z.boolean().optional(),
  /** Names of those datasets; absent where they are many, and in the records of earlier versions. */
  datasets: z.array(z.string()).optional(),
  /** By which labelled pictures the batch judges the version; absent where it only predicts. */
  evaluation: z
    .object({
      dataset: z.string(),
      split: z.enum(['train', 'validation', 'test', 'all']),
      /** sha256 of the dataset as it was inspected, see DatasetInspection. */
      contentHash: z.string(),
      /** Whether it is known which of the pictures the version was trained on. */
      knowsSeen: z.boolean(),
    })
    .optional(),
  /** As the request said them; null where it did not. */
  endpoint: z.string().nullable(),
  inputFileId: z.string().nullable(),
  completionWindow: z.string().nullable(),
  pictures: z.number().int().min(1),
  /** Pictures of each chunk but the last. */
  chunkSize: z.number().int().min(1),
  /** Processes that share the chunks, where the queue runs several. */
  shards: z.number().int().min(1),
  /** What it was expected to take: seconds until its end, and US dollars. */
  estimate: z.object({ seconds: z.number(), usd: z.number() }),
  /** Unix seconds after which no further chunk is begun; null where there is no such time. */
  expiresAt: z.number().int().nullable(),
  /** In the record of a shard, its own. In that of the whole, those of all chunks once it has ended or one process does all. */
  counts: BatchCountsSchema,
  /** Unix seconds; null until all pictures were answered. */
  finalizingAt: z.number().int().nullable(),
});
/** The settings and the results of a batch prediction. */
export type BatchPrediction = z.infer<typeof BatchPredictionSchema>;

/** Whether a batch may have pictures of a dataset. */
export function mayReadDataset(
  { source, readsDatasets, datasets }: Pick<BatchPrediction, 'source' | 'readsDatasets' | 'datasets'>,
  dataset: string,
): boolean {
  if (datasets !== undefined) return datasets.includes(dataset);
  const prefix = keys.dataset(dataset);
  if (source.kind === 'prefix') return source.key.startsWith(prefix) || prefix.startsWith(source.key);
  // An earlier version did not say it.
  return readsDatasets ?? true;
}

/** Number of chunks. */
export const chunksOf = ({ pictures, chunkSize }: Pick<BatchPrediction, 'pictures' | 'chunkSize'>): number =>
  Math.ceil(pictures / chunkSize);

/** Pictures of a chunk, whose number counts from 0. */
export const chunkLength = (
  { pictures, chunkSize }: Pick<BatchPrediction, 'pictures' | 'chunkSize'>,
  chunk: number,
): number => Math.min(chunkSize, pictures - chunk * chunkSize);

/**
 * The chunks of a shard: every so-manieth, so that the shards end at about the same time.
 * @param shard from 1; undefined for all chunks.
 */
export const chunksOfShard = (
  batch: Pick<BatchPrediction, 'pictures' | 'chunkSize' | 'shards'>,
  shard: number | undefined,
): number[] =>
  Array.from({ length: chunksOf(batch) }, (_, chunk) => chunk).filter(
    (chunk) => shard === undefined || chunk % batch.shards === shard - 1,
  );
