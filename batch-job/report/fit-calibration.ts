// Fits how the probabilities of a model are calibrated before they are served, on pictures that it was not trained on.

import type { Predictions } from '../../core/evaluation/predictions.ts';
import { rejectionThreshold } from '../../core/evaluation/rejection.ts';
import { fitTemperature, type TemperatureExamples } from '../../core/evaluation/temperature.ts';
import { balancesClasses } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Judgement } from '../judge/judge-model.ts';
import { balancedWeights } from '../training/balance.ts';
import { calibrated, heldOutOf, type ReportInput } from './report-input.ts';

/** The temperature, and the score below which a picture is rejected. */
export type Calibration = Pick<ReportInput, 'calibration' | 'rejectionThreshold'>;

/** Fits temperature and threshold on the held-out pictures of a judgement. */
export function fitCalibration(
  judgement: Omit<Judgement, 'scores'>,
  resolved: JobRecord['resolved'],
): Calibration {
  const { predictions } = heldOutOf(judgement);
  const calibration = fitTemperature(predictions, {
    ...judgement.outOfFold,
    ...balance(predictions, resolved),
  });
  return { calibration, rejectionThreshold: rejectionThreshold(calibrated(predictions, calibration)) };
}

/** Scores of classes that are equally frequent are fitted as if they were. */
const balance = (
  { labels, classes }: Predictions,
  resolved: JobRecord['resolved'],
): Pick<TemperatureExamples, 'weights'> => {
  if (resolved === null || !balancesClasses(resolved)) return {};
  return { weights: balancedWeights(labels, classes) };
};
