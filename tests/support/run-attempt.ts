// One attempt at a job in this process, in which nothing unexpected may happen.

import { type AttemptOutcome, type RunJobDeps, runJob } from '../../batch-job/run-job.ts';

/** @param deps What the test needs of its own; time is the machine's, and nobody ends the attempt. */
export const runAttempt = (
  deps: Pick<RunJobDeps, 'store' | 'jobs'> & Partial<RunJobDeps>,
  jobId: string,
): Promise<AttemptOutcome> =>
  runJob(
    {
      now: Date.now,
      weightsDir: undefined,
      terminated: new AbortController().signal,
      onUnexpectedError: (error) => {
        throw error;
      },
      ...deps,
    },
    jobId,
  );
