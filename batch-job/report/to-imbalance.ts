// What was done about class imbalance, and how small classes do beside the others.

import { hits } from '../../core/evaluation/predictions.ts';
import { toProportion } from '../../core/evaluation/proportion.ts';
import type { Report } from '../../core/model/report.ts';
import { balancingWeights, countClasses, imbalanceOf } from '../training/balance.ts';
import { type ReportInput, trainedItems } from './report-input.ts';

/** Classes with fewer training pictures than this share of the largest class's are small. */
const SMALL = 0.5;

/** The report's section on class imbalance; null where no class is small. */
export function toImbalance(from: ReportInput): Report['imbalance'] {
  const { inspection, judged, resolved } = from;
  const labels = Int32Array.from(trainedItems(from), ({ classIndex }) => classIndex);
  const counts = countClasses(labels, inspection.classes.length);
  const largest = Math.max(...counts);
  const isSmall = counts.map((count) => count < SMALL * largest);
  if (!isSmall.includes(true)) return null;
  const right = hits(judged.predictions);
  const recallOf = (small: boolean) => {
    const chosen = [...judged.items.keys()].filter(
      (example) => isSmall[judged.items[example]?.classIndex ?? -1] === small,
    );
    return toProportion(
      chosen.reduce((sum, example) => sum + (right[example] as number), 0),
      chosen.length,
    );
  };
  const method = resolved?.imbalance ?? 'none';
  return {
    method,
    adjustsLogits: resolved?.stages['head']?.adjustsLogits === true,
    ratio: imbalanceOf(counts.filter((count) => count > 0)),
    // On the loss of its pictures, or on how often an epoch has them: the same number.
    factors: method === 'none' ? counts.map(() => 1) : balancingWeights(counts),
    smallClasses: isSmall.filter(Boolean).length,
    smallRecall: recallOf(true) ?? null,
    otherRecall: recallOf(false) ?? null,
  };
}
