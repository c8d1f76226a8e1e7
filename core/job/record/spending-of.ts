// What a job cost, from two accounts: that of the trainers and that of AWS Batch.

import { type JobRecord, NOTHING_SPENT, type Spending } from './job.ts';

/**
 * The machine time of a job so far, and its price. Once AWS Batch has counted the last Batch job, its account is taken. Until then the
 * larger one is: killed trainers have not counted their last minutes, and AWS Batch has not counted running ones.
 */
export function spendingOf({ placement, usage = [], spent }: JobRecord): Spending {
  const counted = usage.reduce(
    (sum, { seconds, estimatedUsd }) => ({ seconds: sum.seconds + seconds, usd: sum.usd + estimatedUsd }),
    NOTHING_SPENT,
  );
  const isCounted = usage.some(({ batchJobId }) => batchJobId === placement?.batchJobId);
  return isCounted || counted.seconds > spent.seconds ? counted : spent;
}
