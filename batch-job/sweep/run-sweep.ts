// Runs the trials of a sweep, one after another. Each is a training of its own with checkpoints of its own; the one with the
// lowest loss on pictures held out wins. The test split is not used.

import { type ErrorCode, isErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { createCheckpoints } from '../../core/job/checkpoints/checkpoints.ts';
import { memoryOfTrial } from '../../core/job/recipe/memory-record.ts';
import type { ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import {
  applyTrial,
  bestTrial,
  describeTrial,
  type FailedTrial,
  type Sweep,
  type Trial,
  trialsOf,
  withTrial,
} from '../../core/job/recipe/sweep.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { toTrialEvent } from '../../core/job/record/trial-records.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { CostMeter } from '../attempt/cost-meter.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { isLargerThan } from '../memory/job-memory.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { describeScore, type TrialRun, trainTrial } from './train-trial.ts';

/** What a sweep needs. `Run` is the result of a trial's training. */
export interface SweepOptions<Run extends SweepRun> {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly job: JobRecord;
  readonly sweep: Sweep;
  readonly machine: MachineMemory;
  /** Why training is to end; then no further trial is started. */
  readonly earlyEnd: CostMeter['earlyEnd'];
  /** Trains a trial, resuming from its checkpoints; for a finished trial that gives its weights. */
  readonly train: (
    job: JobRecord,
    part: { readonly trial: number; readonly reporter: JobReporter; readonly isOver: boolean },
  ) => Promise<Run>;
}

/** What a sweep needs to know of the training of its winner. */
export interface SweepRun extends TrialRun {
  /** The trial's recipe with every `auto` resolved. */
  readonly resolved: ResolvedRecipe;
}

/** Failures that a trial's own settings cause, and that leave the other trials alone. */
const OWN_FAILURES: readonly ErrorCode[] = ['out-of-memory', 'training-diverged'];

/**
 * Runs the trials that earlier attempts and other trainers have not finished, and returns the winner of all.
 * @throws {FoveaError} that of a trial, where all trials fail because of their own settings.
 */
export async function runSweep<Run extends SweepRun>(options: SweepOptions<Run>): Promise<Run> {
  const { store, reporter, job, sweep, machine, train, earlyEnd } = options;
  const settings = trialsOf(sweep);
  const reporterOf = (trial: number) => reporterOfTrial(reporter, trial, settings.length);
  /** @param result that of a finished trial. */
  const trainAs = (trial: number, result?: Trial) =>
    train(
      {
        ...applyTrial(job, settings[trial - 1] ?? {}),
        // Each trial resolves `auto` anew, and takes the remedies that it needs.
        resolved: null,
        memory: memoryOfTrial(job.memory, trial, result?.givenUp),
      },
      { trial, reporter: reporterOf(trial), isOver: result !== undefined },
    );
  let over: readonly Trial[] = job.trials;
  let failed: readonly FailedTrial[] = job.failedTrials.filter(
    ({ error, deviceBytes }) => error.code !== 'out-of-memory' || !isLargerThan(machine, deviceBytes),
  );
  /** Deletes checkpoints of all finished trials but the best, whose weights are needed again. */
  const clearLosers = async () => {
    const best = bestTrial(over);
    for (const { trial } of over)
      if (trial !== best?.trial) await createCheckpoints({ store, jobId: job.id, trial }).clear();
  };
  await clearLosers();
  let best: { readonly trial: number; readonly run: Run } | undefined;
  for (const [index, trialSettings] of settings.entries()) {
    const trial = index + 1;
    if ([...over, ...failed].some((known) => known.trial === trial)) continue;
    const early = earlyEnd();
    if (over.length > 0 && early !== undefined) {
      const left = settings.length - over.length - failed.length;
      await reporter.warn(`${early.reason} ${left} trials are skipped.`, { trial, ...early.data });
      break;
    }
    const part = { trial, settings: trialSettings };
    const outcome = await trainTrial(reporterOf(trial), part, () => trainAs(trial)).catch(toOwnFailure);
    if (outcome instanceof FoveaError) {
      const { code, message } = outcome;
      const failure = { trial, error: { code, message }, deviceBytes: machine.deviceBytes };
      failed = withTrial(failed, failure);
      await reporter.addFailedTrial(failure);
      await reporterOf(trial).warn(`The trial failed. ${message}`, { error_code: code });
      continue;
    }
    const { run, result } = outcome;
    over = withTrial(over, result);
    await reporter.addTrial(result);
    await reporterOf(trial).message(describeScore(result), { ...result });
    if (bestTrial(over) === result) best = { trial, run };
    await clearLosers();
  }
  const winner = bestTrial(over);
  if (winner === undefined) throw failureOfAll(failed);
  const run = best?.trial === winner.trial ? best.run : await trainAs(winner.trial, winner);
  await reporter.setResolved(run.resolved);
  await reporter.message(
    `Trial ${winner.trial} (${describeTrial(winner.settings)}) has the lowest loss on pictures held out${winner.balancedLoss === undefined ? '' : ', every class counted alike,'} and becomes the model.`,
    { ...winner },
  );
  return run;
}

/** The failure of one trial, which leaves the others; anything else is thrown again. */
function toOwnFailure(error: unknown): FoveaError {
  if (isFoveaError(error) && OWN_FAILURES.includes(error.code)) return error;
  throw error;
}

/** The failure of a sweep whose trials all failed: want of memory before all others, because a larger machine may help. */
function failureOfAll(failed: readonly FailedTrial[]): FoveaError {
  const { error = undefined } =
    failed.find(({ error: { code } }) => code === 'out-of-memory') ?? failed[0] ?? {};
  if (error === undefined) throw new RangeError('A sweep without a trial.');
  // A record of another version may have a code that this one does not know.
  const code = isErrorCode(error.code) ? error.code : 'trainer-error';
  return new FoveaError(code, error.message, { param: 'sweep' });
}

/** A reporter that names the trial in everything it reports. */
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
