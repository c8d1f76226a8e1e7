// Runs the training of one trial of a sweep, and scores it. Knows nothing of the other trials.

import type { TakenRemedies } from '../../core/job/recipe/memory-record.ts';
import { describeTrial, type Trial, type TrialSettings } from '../../core/job/recipe/sweep.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';

/** What a sweep needs to know of a trial's training. */
export interface TrialRun {
  /** Loss of the weights that are kept; null without a validation split, which a sweep refuses. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** The out-of-memory remedies that the training took. */
  readonly givenUp: TakenRemedies;
}

/** A trial's number and settings. */
export interface NumberedTrial {
  /** From 1. */
  readonly trial: number;
  readonly settings: TrialSettings;
}

/**
 * Trains a trial and scores it by its validation split.
 * @param reporter names the trial in everything it reports.
 */
export async function trainTrial<Run extends TrialRun>(
  reporter: JobReporter,
  { trial, settings }: NumberedTrial,
  train: () => Promise<Run>,
): Promise<{ readonly run: Run; readonly result: Trial }> {
  await reporter.message(`Training with ${describeTrial(settings)}.`, { settings });
  const run = await train();
  return { run, result: { trial, settings, ...scoreOf(run), givenUp: run.givenUp } };
}

function scoreOf({
  validationLoss,
  validationAccuracy,
}: TrialRun): Pick<Trial, 'validationLoss' | 'validationAccuracy'> {
  if (validationLoss === null || validationAccuracy === null)
    throw new RangeError('A trial without a validation split has no score.');
  return { validationLoss, validationAccuracy };
}

/** The score of a trial in one sentence. */
export const describeScore = ({ validationLoss, validationAccuracy }: Trial): string =>
  `Its validation loss is ${validationLoss.toFixed(4)}, its validation accuracy ${(100 * validationAccuracy).toFixed(1)} %.`;
