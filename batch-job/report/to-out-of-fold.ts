// The second estimate of a model: what cross-validation says of pictures whose look-alikes were not seen.

import { calibrationError, reliabilityBins } from '../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../core/evaluation/class-scores.ts';
import { scoreGroups } from '../../core/evaluation/group-scores.ts';
import { gainsOfMore } from '../../core/evaluation/learning-curve.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import { MORE_PICTURES, type ReportResults } from '../../core/model/report.ts';
import { calibrated, type ReportInput } from './report-input.ts';

/** What the folds say; null where there were none, or where one chose the weights of a second stage, so that it is no judge of them. */
export function toOutOfFold({
  job,
  outOfFold,
  headOutOfFold,
  calibration,
}: ReportInput): ReportResults['outOfFold'] {
  if (outOfFold === undefined || headOutOfFold !== undefined) return null;
  const { predictions, groups, smaller, foldCount } = outOfFold;
  const options = { seed: job.seed };
  const scores = scoreGroups(predictions, groups, options);
  if (scores === undefined) return null;
  const served = calibrated(predictions, calibration);
  const gains =
    smaller === undefined ? [] : gainsOfMore({ predictions, smaller, groups }, MORE_PICTURES, options);
  return {
    pictures: predictions.labels.length,
    folds: foldCount,
    groups: new Set(groups).size,
    ungrouped: [...(outOfFold.ungrouped ?? [])],
    ...scores,
    crossEntropy: crossEntropy(served) ?? 0,
    calibrationError: calibrationError(reliabilityBins(served)) ?? 0,
    classes: scoreClasses(predictions, options).classes.map(({ recall }, index) => ({
      recall: recall ?? null,
      gainOfMore: gains[index] ?? null,
    })),
  };
}
