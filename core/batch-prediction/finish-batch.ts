// The end of a batch prediction that runs as several shards. Whoever answers the last chunk writes it, and doing it twice changes
// nothing: no shard has to know whether it is the last.

import { FoveaError } from '../errors/errors.ts';
import {
  type BatchCounts,
  type BatchPrediction,
  chunkLength,
  chunksOf,
} from '../job/record/batch-prediction.ts';
import type { JobRecord } from '../job/record/job.ts';
import type { JobStore } from '../job/record/job-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { evaluateBatch } from './evaluate-batch.ts';
import { countResults, listResults } from './results.ts';

/**
 * Counts the answers of all chunks, by reading them.
 * @returns undefined where some are not answered yet.
 * @throws {FoveaError} `batch-results-damaged` where the answers are not one for each picture.
 */
async function countAll(
  store: ObjectStore,
  batchId: string,
  batch: BatchPrediction,
): Promise<BatchCounts | undefined> {
  const results = await listResults(store, batchId);
  if (results.length < chunksOf(batch)) return undefined;
  const counts = await countResults(store, results);
  const expected = results.reduce((sum, { chunk }) => sum + chunkLength(batch, chunk), 0);
  if (counts.completed + counts.failed !== expected || expected !== batch.pictures)
    throw new FoveaError(
      'batch-results-damaged',
      `The results of batch "${batchId}" have ${counts.completed + counts.failed} lines; its pictures are ${batch.pictures}.`,
    );
  return counts;
}

/**
 * Counts the answers of all chunks; where the batch judges the version by them, also does that.
 * @returns undefined where some are not answered yet.
 * @throws {FoveaError} `batch-results-damaged`; as {@link evaluateBatch}.
 */
export async function settleResults(
  store: ObjectStore,
  job: Pick<JobRecord, 'id' | 'model'>,
  batch: BatchPrediction,
): Promise<BatchCounts | undefined> {
  const counts = await countAll(store, job.id, batch);
  if (counts !== undefined && batch.evaluation !== undefined) await evaluateBatch(store, job, batch);
  return counts;
}

/** What the record of a batch prediction becomes at its end. */
export const withEnd = (batch: BatchPrediction, counts: BatchCounts, nowMs: number): BatchPrediction => ({
  ...batch,
  counts,
  finalizingAt: Math.floor(nowMs / 1000),
});

/** Says what was answered, in a sentence. */
export const describeCounts = ({ completed, failed }: BatchCounts): string =>
  `${completed} pictures are predicted${failed === 0 ? '' : `, and ${failed} have errors`}.`;

/** Ends a batch prediction whose chunks are all answered, unless it is over or one process has taken it over. */
export async function finishBatch(
  { store, jobs, now }: { readonly store: ObjectStore; readonly jobs: JobStore; readonly now: () => number },
  batchId: string,
): Promise<void> {
  const isOpen = (job: JobRecord | undefined) => job?.status === 'running' && job.lease === null;
  const job = await jobs.get(batchId);
  if (job?.prediction === undefined || !isOpen(job)) return;
  const counts = await settleResults(store, job, job.prediction);
  if (counts === undefined) return;
  // Before the end, since whoever follows the batch looks no further then.
  await jobs.appendEvent(batchId, {
    level: 'info',
    type: 'message',
    message: describeCounts(counts),
    data: { ...counts },
  });
  await jobs.update(batchId, (record) =>
    isOpen(record) && record.prediction !== undefined
      ? {
          ...record,
          status: 'succeeded',
          finishedAt: Math.floor(now() / 1000),
          prediction: withEnd(record.prediction, counts, now()),
        }
      : undefined,
  );
}
