// Runs the training of one trial of a sweep, and scores it. Knows nothing of the other trials.

import type { TakenRemedies } from '../../core/job/recipe/memory-record.ts';
import { describeTrial, type Trial, type TrialSettings } from '../../core/job/recipe/sweep.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';

/** What a sweep needs to know of a trial's training. */
export interface TrialRun {
  /** Loss of the weights that are kept on pictures held out: the validation split, or folds; null without, which a sweep refuses. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** The loss with every class counted alike, where classes are unequal. */
  readonly balancedLoss?: number | undefined;
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
 * Trains a trial and scores it by pictures held out.
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
  balancedLoss,
}: TrialRun): Pick<Trial, 'validationLoss' | 'validationAccuracy' | 'balancedLoss'> {
  if (validationLoss === null || validationAccuracy === null)
    throw new RangeError('A trial without pictures held out has no score.');
  return { validationLoss, validationAccuracy, ...(balancedLoss === undefined ? {} : { balancedLoss }) };
}

/** The score of a trial in one sentence. */
export const describeScore = ({ validationLoss, validationAccuracy, balancedLoss }: Trial): string =>
  `On pictures held out its loss is ${validationLoss.toFixed(4)}${
    balancedLoss === undefined ? '' : `, with every class counted alike ${balancedLoss.toFixed(4)}`
  }, and ${(100 * validationAccuracy).toFixed(1)} % are right.`;
