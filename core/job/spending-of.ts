// What a job cost, from the two accounts of it: the trainers' own and AWS Batch's.

import { type JobRecord, NOTHING_SPENT, type Spending } from './job.ts';

/** What a job took so far: as AWS Batch counts it, once it has; until then as the trainers count it themselves. */
export function spendingOf({ placement, usage = [], spent }: JobRecord): Spending {
  const isCounted = usage.some(({ batchJobId }) => batchJobId === placement?.batchJobId);
  if (!isCounted) return spent;
  return usage.reduce(
    (sum, { seconds, estimatedUsd }) => ({ seconds: sum.seconds + seconds, usd: sum.usd + estimatedUsd }),
    NOTHING_SPENT,
  );
}
