// The end of a job whose trainers have crashed too often.

import { isAtRest, type JobRecord, toJobError } from '../../record/job.ts';
import type { AttemptJobs } from '../../record/job-store.ts';

/** The jobs, or a trial, and the clock. */
export interface FailCrashedDeps {
  readonly jobs: AttemptJobs;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Ends a job whose trainers have crashed too often, unless somebody else holds it by now. */
export async function failCrashed(
  { jobs, now }: FailCrashedDeps,
  { id: jobId, queuedReason }: JobRecord,
  crashes: number,
): Promise<void> {
  const message =
    `The job was given up: its trainer ended ${crashes} times without bringing it any further. ` +
    (queuedReason ?? "The server's output says more.");
  let isFailed = false;
  await jobs.update(jobId, (record) => {
    isFailed = !isAtRest(record.status) && record.lease === null;
    return isFailed
      ? {
          ...record,
          status: 'failed',
          finishedAt: Math.floor(now() / 1000),
          error: toJobError('trainer-crashed', message),
        }
      : undefined;
  });
  if (isFailed) await jobs.appendEvent(jobId, { level: 'error', type: 'message', message, data: null });
}
