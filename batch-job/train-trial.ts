// The training of one trial of a sweep, and its score. Knows nothing of the other trials.

import { describeTrial, type Trial, type TrialSettings } from '../core/job/sweep.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import type { JobReporter } from './job-reporter.ts';
import type { EpochReport } from './training/fit-state.ts';
import type { TrainingContext } from './training-context.ts';

/** A training that is over. */
export interface TrainedRun {
  readonly context: TrainingContext;
  readonly weights: NetworkWeights;
}

export interface TrialPart {
  /** From 1. */
  readonly trial: number;
  readonly settings: TrialSettings;
}

/** @param reporter says of everything which trial it is of. */
export async function trainTrial(
  reporter: JobReporter,
  { trial, settings }: TrialPart,
  train: () => Promise<TrainedRun>,
): Promise<{ readonly run: TrainedRun; readonly result: Trial }> {
  await reporter.message(`Training with ${describeTrial(settings)}.`, { settings });
  const run = await train();
  return { run, result: { trial, settings, ...scoreOf(run), givenUp: run.context.memory.givenUp() } };
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

/** A sentence. */
export const describeScore = ({ validationLoss, validationAccuracy }: Trial): string =>
  `Its validation loss is ${validationLoss.toFixed(4)}, ${(100 * validationAccuracy).toFixed(1)} % right.`;
