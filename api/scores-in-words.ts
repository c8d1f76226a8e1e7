// What a report that clients have got says of the model's accuracy and of its scores, in words. Brings no schema with it, so that pages can have it.

import { trustInScores } from '../core/evaluation/score-trust.ts';
import { type Judged, sayAccuracy, sayBasis } from '../core/words/accuracy.ts';
import { type Remark, sayRemarks } from '../core/words/remarks.ts';
import { type Said, sayScoreTrust } from '../core/words/score-trust.ts';
import type { WireReport } from './report.ts';

/** How often a model will be right, and what that was measured on. */
export function accuracyInWords(
  report: Pick<WireReport, 'judged_on' | 'imbalance'>,
  results: NonNullable<WireReport['results']>,
): Said {
  const judged = judgedOf(report, results);
  return { verdict: sayAccuracy(judged), reason: sayBasis(judged) };
}

const judgedOf = (
  { judged_on: judgedOn, imbalance }: Pick<WireReport, 'judged_on' | 'imbalance'>,
  {
    held_out_by: heldOutBy,
    accuracy,
    balanced_accuracy: balancedAccuracy,
    out_of_fold: outOfFold,
  }: NonNullable<WireReport['results']>,
): Judged => ({
  judgedOn,
  heldOutBy,
  isImbalanced: imbalance !== null,
  accuracy,
  balancedAccuracy,
  outOfFold,
});

/** What has to be known beside the accuracy. */
export function remarksInWords(
  report: WireReport,
  results: NonNullable<WireReport['results']>,
): readonly Remark[] {
  const { labels, dataset, suspected_labels: suspects } = report;
  const { classes, validation_accuracy: validationAccuracy, out_of_fold: folds } = results;
  const outOfFold = folds === null ? null : { ...folds, balancedAccuracy: folds.balanced_accuracy };
  const acrossSplits = dataset.near_duplicates.across_splits;
  const judged = judgedOf(report, results);
  return sayRemarks({ ...judged, labels, classes, validationAccuracy, outOfFold, acrossSplits, suspects });
}

/** Whether the scores of a report can be trusted. */
export function scoresInWords(
  { labels }: Pick<WireReport, 'labels'>,
  { accuracy, classes, calibration }: NonNullable<WireReport['results']>,
): Said {
  const { after, by_chance: byChance } = calibration;
  const { calibration_error: calibrationError, bins } = after;
  return sayScoreTrust(trustInScores({ accuracy, classes, calibrationError, byChance, bins }), labels);
}
