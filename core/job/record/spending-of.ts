// What a job cost, from the two accounts of it: the trainers' own and AWS Batch's.

import { type JobRecord, NOTHING_SPENT, type Spending } from './job.ts';

/**
 * What a job took so far: as AWS Batch counts it, once it has counted the last Batch job; until then the larger account, since
 * trainers that were killed have told nobody, and those at work are not counted yet.
 */
export function spendingOf({ placement, usage = [], spent }: JobRecord): Spending {
  const counted = usage.reduce(
    (sum, { seconds, estimatedUsd }) => ({ seconds: sum.seconds + seconds, usd: sum.usd + estimatedUsd }),
    NOTHING_SPENT,
  );
  const isCounted = usage.some(({ batchJobId }) => batchJobId === placement?.batchJobId);
  return isCounted || counted.seconds > spent.seconds ? counted : spent;
}
