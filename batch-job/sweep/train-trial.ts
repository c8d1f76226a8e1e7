// The training of one trial of a sweep, and its score. Knows nothing of the other trials.

import { describeTrial, type Trial, type TrialSettings } from '../../core/job/recipe/sweep.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Trained } from '../stages/run-stage.ts';
import type { TrainingContext } from '../training-context.ts';

/** A training that is over. */
export interface TrainedRun extends Trained {
  readonly context: TrainingContext;
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

/** Of the weights that are kept. */
function scoreOf({
  validationLoss,
  validationAccuracy,
}: Trained): Pick<Trial, 'validationLoss' | 'validationAccuracy'> {
  if (validationLoss === null) throw new RangeError('A trial without a validation loss has no score.');
  return { validationLoss, validationAccuracy: validationAccuracy ?? 0 };
}

/** A sentence. */
export const describeScore = ({ validationLoss, validationAccuracy }: Trial): string =>
  `Its validation loss is ${validationLoss.toFixed(4)}, ${(100 * validationAccuracy).toFixed(1)} % right.`;
