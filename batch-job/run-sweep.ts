// The trials of a sweep, one after another: each is a training of its own with checkpoints of its own, and the one with the
// lowest validation loss is what comes back. The test split has no part in it.

import { createCheckpoints } from '../core/job/checkpoints.ts';
import type { JobRecord } from '../core/job/job.ts';
import { applyTrial, bestTrial, describeTrial, type Sweep, type Trial, trialsOf } from '../core/job/sweep.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { JobReporter } from './job-reporter.ts';
import type { EpochReport } from './training/fit-state.ts';
import type { TrainingContext } from './training-context.ts';

/** A training that is over. */
export interface TrainedRun {
  readonly context: TrainingContext;
  readonly weights: NetworkWeights;
}

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

/** Runs the trials that earlier attempts have left, and returns the winner of all. */
export async function runSweep(options: SweepOptions): Promise<TrainedRun> {
  const { store, reporter, job, sweep, train, isBudgetSpent } = options;
  const settings = trialsOf(sweep);
  const trainTrial = (trial: number) =>
    train(
      // Each trial decides anew what is left to `auto`.
      { ...applyTrial(job, settings[trial - 1] ?? {}), resolved: null },
      { trial, reporter: reporterOfTrial(reporter, trial, settings.length) },
    );
  let over: readonly Trial[] = job.trials;
  let best: { readonly trial: number; readonly run: TrainedRun } | undefined;
  for (const [index, trialSettings] of settings.entries()) {
    const trial = index + 1;
    if (over.some((known) => known.trial === trial)) continue;
    if (over.length > 0 && isBudgetSpent()) {
      await reporter.warn(`The budget is spent: ${settings.length - index} trials are left out.`, { trial });
      break;
    }
    await reporter.message(`Trial ${trial} of ${settings.length}: ${describeTrial(trialSettings)}.`, {
      trial,
      settings: trialSettings,
    });
    const run = await trainTrial(trial);
    const result: Trial = { trial, settings: trialSettings, ...scoreOf(run) };
    const before = bestTrial(over);
    over = [...over, result];
    await reporter.addTrial(result);
    await reporter.message(`Trial ${trial} of ${settings.length} ${describeScore(result)}`, { ...result });
    const isBest = bestTrial(over) === result;
    if (isBest) best = { trial, run };
    // Only the winner's weights are needed again.
    const loser = isBest ? before?.trial : trial;
    if (loser !== undefined) await createCheckpoints({ store, jobId: job.id, trial: loser }).clear();
  }
  const winner = bestTrial(over);
  if (winner === undefined) throw new RangeError(`The sweep of job "${job.id}" has no trial.`);
  const run = best?.trial === winner.trial ? best.run : await trainTrial(winner.trial);
  await reporter.setResolved(run.context.decision.resolved);
  await reporter.message(
    `Trial ${winner.trial} (${describeTrial(winner.settings)}) has the lowest validation loss and becomes the model.`,
    { ...winner },
  );
  return run;
}

/** The weights that are kept are those of the epoch with the lowest validation loss. */
function scoreOf({ context }: TrainedRun): Pick<Trial, 'validationLoss' | 'validationAccuracy'> {
  const epochs = Object.values(context.checkpoints.history()).flat();
  const best = epochs.reduce<EpochReport | undefined>(
    (lowest, epoch) => (lossOf(epoch) < lossOf(lowest) ? epoch : lowest),
    undefined,
  );
  if (best?.validationLoss == null) throw new RangeError('A trial without a validation loss has no score.');
  return { validationLoss: best.validationLoss, validationAccuracy: best.validationAccuracy ?? 0 };
}

const lossOf = (epoch: EpochReport | undefined) => epoch?.validationLoss ?? Number.POSITIVE_INFINITY;

const describeScore = ({ validationLoss, validationAccuracy }: Trial) =>
  `ends with a validation loss of ${validationLoss.toFixed(4)}, ${(100 * validationAccuracy).toFixed(1)} % right.`;

/** A reporter that says of everything which trial it is of. */
function reporterOfTrial(reporter: JobReporter, trial: number, trials: number): JobReporter {
  const event: JobReporter['event'] = ({ message, data, ...rest }) =>
    reporter.event({ ...rest, message: `Trial ${trial}/${trials}: ${message}`, data: { ...data, trial } });
  return {
    ...reporter,
    startStage: (stage, known) => reporter.startStage(stage, { trial, trials, ...known }),
    event,
    message: (message, data) => event({ level: 'info', type: 'message', message, data: data ?? null }),
    warn: (message, data) => event({ level: 'warn', type: 'message', message, data: data ?? null }),
  };
}
