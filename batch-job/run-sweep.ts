// The trials of a sweep, one after another: each is a training of its own with checkpoints of its own, and the one with the
// lowest validation loss is what comes back. The test split has no part in it.

import { createCheckpoints } from '../core/job/checkpoints.ts';
import type { JobRecord } from '../core/job/job.ts';
import {
  applyTrial,
  bestTrial,
  describeTrial,
  type Sweep,
  type Trial,
  trialsOf,
  withTrial,
} from '../core/job/sweep.ts';
import { toTrialEvent } from '../core/job/trial-records.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { JobReporter } from './job-reporter.ts';
import { describeScore, type TrainedRun, trainTrial } from './train-trial.ts';

export interface SweepOptions {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly job: JobRecord;
  readonly sweep: Sweep;
  /** Then no further trial is begun. */
  readonly isBudgetSpent: () => boolean;
  /** Trains from where the trial's checkpoints leave off: of a trial that is over, that gives its weights. */
  readonly train: (
    job: JobRecord,
    part: { readonly trial: number; readonly reporter: JobReporter },
  ) => Promise<TrainedRun>;
}

/** Runs the trials that earlier attempts, or trainers side by side, have left, and returns the winner of all. */
export async function runSweep(options: SweepOptions): Promise<TrainedRun> {
  const { store, reporter, job, sweep, train, isBudgetSpent } = options;
  const settings = trialsOf(sweep);
  const reporterOf = (trial: number) => reporterOfTrial(reporter, trial, settings.length);
  const trainAs = (trial: number) =>
    train(
      // Each trial decides anew what is left to `auto`.
      { ...applyTrial(job, settings[trial - 1] ?? {}), resolved: null },
      { trial, reporter: reporterOf(trial) },
    );
  let over: readonly Trial[] = job.trials;
  /** Only the weights of the best trial are needed again. */
  const clearLosers = async () => {
    const best = bestTrial(over);
    for (const { trial } of over)
      if (trial !== best?.trial) await createCheckpoints({ store, jobId: job.id, trial }).clear();
  };
  await clearLosers();
  let best: { readonly trial: number; readonly run: TrainedRun } | undefined;
  for (const [index, trialSettings] of settings.entries()) {
    const trial = index + 1;
    if (over.some((known) => known.trial === trial)) continue;
    if (over.length > 0 && isBudgetSpent()) {
      const left = settings.length - over.length;
      await reporter.warn(`The budget is spent: ${left} trials are left out.`, { trial });
      break;
    }
    const part = { trial, settings: trialSettings };
    const { run, result } = await trainTrial(reporterOf(trial), part, () => trainAs(trial));
    over = withTrial(over, result);
    await reporter.addTrial(result);
    await reporterOf(trial).message(describeScore(result), { ...result });
    if (bestTrial(over) === result) best = { trial, run };
    await clearLosers();
  }
  const winner = bestTrial(over);
  if (winner === undefined) throw new RangeError(`The sweep of job "${job.id}" has no trial.`);
  const run = best?.trial === winner.trial ? best.run : await trainAs(winner.trial);
  await reporter.setResolved(run.context.decision.resolved);
  await reporter.message(
    `Trial ${winner.trial} (${describeTrial(winner.settings)}) has the lowest validation loss and becomes the model.`,
    { ...winner },
  );
  return run;
}

/** A reporter that says of everything which trial it is of. */
function reporterOfTrial(reporter: JobReporter, trial: number, trials: number): JobReporter {
  const event: JobReporter['event'] = (told) => reporter.event(toTrialEvent(told, trial, trials));
  return {
    ...reporter,
    startStage: (stage, known) => reporter.startStage(stage, { trial, trials, ...known }),
    event,
    message: (message, data) => event({ level: 'info', type: 'message', message, data: data ?? null }),
    warn: (message, data) => event({ level: 'warn', type: 'message', message, data: data ?? null }),
  };
}
