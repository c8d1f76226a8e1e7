// The trials of a sweep, one after another: each is a training of its own with checkpoints of its own, and the one with the
// lowest validation loss is what comes back. The test split has no part in it.

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
import type { JobReporter } from '../attempt/job-reporter.ts';
import { isLargerThan } from '../memory/job-memory.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { describeScore, type TrialRun, trainTrial } from './train-trial.ts';

/** What a sweep needs. `Run` is what a trial's training comes to. */
export interface SweepOptions<Run extends SweepRun> {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly job: JobRecord;
  readonly sweep: Sweep;
  readonly machine: MachineMemory;
  /** Then no further trial is begun. */
  readonly isBudgetSpent: () => boolean;
  /** Trains from where the trial's checkpoints leave off: of a trial that is over, that gives its weights. */
  readonly train: (
    job: JobRecord,
    part: { readonly trial: number; readonly reporter: JobReporter; readonly isOver: boolean },
  ) => Promise<Run>;
}

/** What a sweep has to know of the training of its winner. */
export interface SweepRun extends TrialRun {
  /** What every `auto` of the trial's recipe came to. */
  readonly resolved: ResolvedRecipe;
}

/** What the settings of a trial can bring it to, whatever becomes of the others. */
const OWN_FAILURES: readonly ErrorCode[] = ['out-of-memory', 'training-diverged'];

/**
 * Runs the trials that earlier attempts, or trainers side by side, have left, and returns the winner of all.
 * @throws {FoveaError} That of a trial, where all came to nothing by their own settings.
 */
export async function runSweep<Run extends SweepRun>(options: SweepOptions<Run>): Promise<Run> {
  const { store, reporter, job, sweep, machine, train, isBudgetSpent } = options;
  const settings = trialsOf(sweep);
  const reporterOf = (trial: number) => reporterOfTrial(reporter, trial, settings.length);
  /** @param result Of one that is over. */
  const trainAs = (trial: number, result?: Trial) =>
    train(
      {
        ...applyTrial(job, settings[trial - 1] ?? {}),
        // Each trial decides anew what is left to `auto`, and gives up what it has to.
        resolved: null,
        memory: memoryOfTrial(job.memory, trial, result?.givenUp),
      },
      { trial, reporter: reporterOf(trial), isOver: result !== undefined },
    );
  let over: readonly Trial[] = job.trials;
  let failed: readonly FailedTrial[] = job.failedTrials.filter(
    ({ error, deviceBytes }) => error.code !== 'out-of-memory' || !isLargerThan(machine, deviceBytes),
  );
  /** Only the weights of the best trial are needed again. */
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
    if (over.length > 0 && isBudgetSpent()) {
      const left = settings.length - over.length - failed.length;
      await reporter.warn(`The budget is spent: ${left} trials are left out.`, { trial });
      break;
    }
    const part = { trial, settings: trialSettings };
    const outcome = await trainTrial(reporterOf(trial), part, () => trainAs(trial)).catch(toOwnFailure);
    if (outcome instanceof FoveaError) {
      const { code, message } = outcome;
      const failure = { trial, error: { code, message }, deviceBytes: machine.deviceBytes };
      failed = withTrial(failed, failure);
      await reporter.addFailedTrial(failure);
      await reporterOf(trial).warn(`No model can be made of it. ${message}`, { error_code: code });
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
    `Trial ${winner.trial} (${describeTrial(winner.settings)}) has the lowest validation loss and becomes the model.`,
    { ...winner },
  );
  return run;
}

/** The failure of one trial, which leaves the others; anything else is thrown again. */
function toOwnFailure(error: unknown): FoveaError {
  if (isFoveaError(error) && OWN_FAILURES.includes(error.code)) return error;
  throw error;
}

/** Want of memory before all else: a larger machine may have what it takes. */
function failureOfAll(failed: readonly FailedTrial[]): FoveaError {
  const { error = undefined } =
    failed.find(({ error: { code } }) => code === 'out-of-memory') ?? failed[0] ?? {};
  if (error === undefined) throw new RangeError('A sweep without a trial.');
  // A record of another version may have a code that this one does not know.
  const code = isErrorCode(error.code) ? error.code : 'trainer-error';
  return new FoveaError(code, error.message, { param: 'sweep' });
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
