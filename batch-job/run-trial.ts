// Carries out one trial of a sweep, in a trainer of its own beside those of the other trials. It only trains: the trainer
// that carries out the whole job afterwards chooses the winner (run-sweep.ts).

import { createCheckpoints } from '../core/job/checkpoints/checkpoints.ts';
import { openTrial } from '../core/job/record/trial-records.ts';
import { type AttemptOutcome, type RunJobDeps, runAttempt } from './attempt/run-attempt.ts';
import { fineTuneTrial } from './fine-tune.ts';
import { describeScore } from './sweep/train-trial.ts';

/**
 * Runs one attempt at a trial of a job. A finished trial is not repeated.
 * @param trial from 1.
 */
export const runTrial = (deps: RunJobDeps, jobId: string, trial: number): Promise<AttemptOutcome> =>
  runAttempt(deps, jobId, async () => {
    const opened = await openTrial(deps, jobId, trial);
    if (opened === undefined) return undefined;
    return {
      jobs: opened,
      isBegun: await createCheckpoints({ ...deps, jobId, trial }).exist(),
      async carryOut(attempt, job) {
        const result = await fineTuneTrial(attempt, job, { trial, settings: opened.settings });
        await opened.addResult(result);
        return { changes: {}, message: describeScore(result), data: { ...result } };
      },
      async close({ status }) {
        // Otherwise the checkpoints are resumed: until the trial ends, or for the weights of the winner.
        if (status === 'cancelled')
          await createCheckpoints({ ...deps, jobId })
            .clear()
            .catch(() => undefined);
        await opened.close();
      },
    };
  });
