// The probability threshold that finds one class best, for users who look for that class alone.

import { type Predictions, rowOf } from './predictions.ts';

/** A threshold on the probability of one class. */
export interface F1Threshold {
  /** An example counts as the class where its probability is at least this. */
  readonly threshold: number;
  /** F1 of that rule on the examples it was chosen by. */
  readonly f1: number;
}

/**
 * Finds for every class the threshold with the largest F1, one class against the rest. Of thresholds with equal F1 the highest is
 * taken. `undefined` for a class without examples.
 *
 * Every score that occurs is tried, as in scikit-learn's `precision_recall_curve`.
 */
export function bestF1Thresholds(predictions: Predictions): (F1Threshold | undefined)[] {
  const { labels, classes } = predictions;
  return Array.from({ length: classes }, (_, index) => {
    const ranked = Array.from(labels, (label, example) => ({
      score: rowOf(predictions, example)[index] as number,
      isClass: label === index,
    })).sort((a, b) => b.score - a.score);
    const support = ranked.filter(({ isClass }) => isClass).length;
    if (support === 0) return undefined;
    let best: F1Threshold = { threshold: 1, f1: 0 };
    let right = 0;
    ranked.forEach(({ score, isClass }, rank) => {
      if (isClass) right += 1;
      // Equal scores are on the same side of every threshold.
      if (ranked[rank + 1]?.score === score) return;
      const f1 = (2 * right) / (rank + 1 + support);
      if (f1 > best.f1) best = { threshold: score, f1 };
    });
    return best;
  });
}
