// Carries a job out in one trainer: from its dataset to its model, all trials of a sweep included.

import { createCheckpoints } from '../core/job/checkpoints/checkpoints.ts';
import { isFinal } from '../core/job/record/job.ts';
import { addTrialSpending } from '../core/job/record/trial-records.ts';
import { type AttemptOutcome, type RunJobDeps, runAttempt } from './attempt/run-attempt.ts';
import { fineTune } from './fine-tune.ts';

/** Runs one attempt at a job. It never rejects: failures are written into the job. */
export const runJob = (deps: RunJobDeps, jobId: string): Promise<AttemptOutcome> =>
  runAttempt(deps, jobId, async () => {
    // Its trials may have run in trainers of their own before.
    await addTrialSpending(deps, jobId);
    const checkpoints = createCheckpoints({ ...deps, jobId });
    return {
      jobs: deps.jobs,
      isBegun: await checkpoints.exist(),
      async carryOut(attempt, job) {
        const { model, version, result } = await fineTune(attempt, job);
        return {
          changes: { result },
          message: `Model "${model}" version ${version} is ready.`,
          data: { ...result, model, model_version: version },
        };
      },
      async close({ status }) {
        // A job that has ended needs no checkpoints. Where they cannot be deleted they expire, which does no harm.
        if (isFinal(status)) await checkpoints.clear().catch(() => undefined);
      },
    };
  });
