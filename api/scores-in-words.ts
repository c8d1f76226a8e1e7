// What a report that clients have got says of the model's accuracy and of its scores, in words. Brings no schema with it, so that pages can have it.

import { trustInScores } from '../core/evaluation/score-trust.ts';
import { type Judged, sayAccuracy, sayBasis } from '../core/words/accuracy.ts';
import { type Said, sayScoreTrust } from '../core/words/score-trust.ts';
import type { WireReport } from './report.ts';

/** How often a model will be right, and what that was measured on. */
export function accuracyInWords(
  { judged_on: judgedOn, imbalance }: Pick<WireReport, 'judged_on' | 'imbalance'>,
  results: NonNullable<WireReport['results']>,
): Said {
  const {
    held_out_by: heldOutBy,
    accuracy,
    balanced_accuracy: balancedAccuracy,
    out_of_fold: outOfFold,
  } = results;
  const isImbalanced = imbalance !== null;
  const judged: Judged = { judgedOn, heldOutBy, isImbalanced, accuracy, balancedAccuracy, outOfFold };
  return { verdict: sayAccuracy(judged), reason: sayBasis(judged) };
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
