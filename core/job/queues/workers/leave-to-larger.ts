// What follows where memory ran out on a worker: the job waits for one that has more, or ends where there is none.

import { isAtRest, type JobRecord, toJobError } from '../../record/job.ts';
import type { TrainerEnd } from '../local/trainer-ends.ts';
import { fits } from './fits.ts';
import type { WorkerIdentity } from './presence.ts';
import type { WorkerRecords } from './worker-records.ts';

/** The worker on which memory ran out, the others and the clock. */
export interface LeaveToLargerDeps extends Pick<WorkerIdentity, 'name' | 'offer'> {
  readonly workers: WorkerRecords;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const NO_LARGER =
  'No worker that is running has more. Use a smaller batch_size or a smaller network, or start a larger worker.';

/** Leaves the job to a worker with more memory, or to AWS Batch where that may take it; fails it where there is neither. */
export async function leaveToLarger(
  { workers, name, offer, now }: LeaveToLargerDeps,
  { jobs, jobId, trial }: TrainerEnd,
): Promise<void> {
  const others = (await workers.list()).filter(({ isLost, isStopping }) => !isLost && !isStopping);
  let message: string | undefined;
  let isOver = false;
  await jobs.update(jobId, (record) => {
    if (isAtRest(record.status) || record.lease !== null) return undefined;
    const before = record.workerNeeds?.moreThanBytes ?? 0;
    const waiting: JobRecord = {
      ...record,
      workerNeeds: { ...record.workerNeeds, moreThanBytes: Math.max(before, offer.deviceBytes) },
    };
    const hasLarger =
      record.workerNeeds?.orBatch !== undefined || others.some((other) => fits(waiting, other.offer));
    // A trial that failed is repeated by whoever finishes the job.
    isOver = trial !== undefined || !hasLarger;
    const why = record.queuedReason ?? 'Memory ran out.';
    message = isOver
      ? `${why} ${NO_LARGER}`
      : `Memory ran out on worker "${name}". The job waits for a larger one.`;
    return isOver
      ? {
          ...record,
          status: 'failed',
          finishedAt: Math.floor(now() / 1000),
          error: toJobError('out-of-memory', message),
        }
      : waiting;
  });
  if (message === undefined) return;
  await jobs.appendEvent(jobId, {
    level: isOver ? 'error' : 'warn',
    type: 'message',
    message,
    data: { worker: name, device_bytes: offer.deviceBytes },
  });
}
