// One attempt at a job, or at a trial of it, in this process, in which nothing unexpected may happen. Of the store it may use what a
// trainer's role in AWS may.

import type { AttemptOutcome, RunJobDeps } from '../../batch-job/attempt/run-attempt.ts';
import { runJob } from '../../batch-job/run-job.ts';
import { runTrial } from '../../batch-job/run-trial.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { ACCESS } from '../../core/storage/access.ts';
import { deniedToApps, storeWithAccess } from './store-with-policy.ts';

/**
 * @param options What the test needs of its own; time is the machine's, and nobody ends the attempt. With `trial`, from 1,
 * the attempt is as a child of an array makes it.
 */
export function runAttempt(
  {
    trial,
    ...options
  }: Pick<RunJobDeps, 'store' | 'jobs'> & Partial<RunJobDeps> & { readonly trial?: number },
  jobId: string,
): Promise<AttemptOutcome> {
  const deps: RunJobDeps = {
    now: Date.now,
    weightsDir: undefined,
    cacheDirectory: cacheDirectory(process.env),
    terminated: new AbortController().signal,
    onUnexpectedError: (error) => {
      throw error;
    },
    ...options,
    store: storeWithAccess(options.store, ACCESS.trainer, deniedToApps).store,
  };
  return trial === undefined ? runJob(deps, jobId) : runTrial(deps, jobId, trial);
}
