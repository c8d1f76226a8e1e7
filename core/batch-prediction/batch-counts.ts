// How many pictures of a batch prediction are answered, as its records and those of its shards say it.

import { mapConcurrently } from '../concurrently.ts';
import {
  addCounts,
  type BatchCounts,
  type BatchPrediction,
  NOTHING_ANSWERED,
} from '../job/record/batch-prediction.ts';
import type { JobRecord } from '../job/record/job.ts';
import { trialRecordsOf } from '../job/record/trial-records.ts';
import { isUnreadable } from '../storage/json.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const sumOf = ({ completed, failed }: BatchCounts) => completed + failed;

/**
 * The pictures that are answered. While shards run side by side it is the sum of theirs; a process that does the whole counts all.
 * @param record the record of the whole.
 */
export async function batchCounts(
  store: ObjectStore,
  { id, status, startedAt }: JobRecord,
  { counts, shards }: BatchPrediction,
): Promise<BatchCounts> {
  if (status === 'succeeded' || shards < 2 || startedAt === null) return counts;
  const ofShards = await mapConcurrently(
    Array.from({ length: shards }, (_, index) => index + 1),
    async (shard) => {
      try {
        return (await trialRecordsOf(store, shard).get(id))?.prediction?.counts ?? NOTHING_ANSWERED;
      } catch (error) {
        if (isUnreadable(error)) return NOTHING_ANSWERED;
        throw error;
      }
    },
  );
  const sum = ofShards.reduce(addCounts, NOTHING_ANSWERED);
  return sumOf(sum) > sumOf(counts) ? sum : counts;
}
