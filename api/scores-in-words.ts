// What a report that clients have got says of its scores, in words. Brings no schema with it, so that pages can have it.

import { trustInScores } from '../core/evaluation/score-trust.ts';
import { type Said, sayScoreTrust } from '../core/words/score-trust.ts';
import type { WireReport } from './report.ts';

/** Whether the scores of a report can be trusted. */
export function scoresInWords(
  { labels }: Pick<WireReport, 'labels'>,
  { accuracy, classes, calibration }: NonNullable<WireReport['results']>,
): Said {
  const { after, by_chance: byChance } = calibration;
  const { calibration_error: calibrationError, bins } = after;
  return sayScoreTrust(trustInScores({ accuracy, classes, calibrationError, byChance, bins }), labels);
}
