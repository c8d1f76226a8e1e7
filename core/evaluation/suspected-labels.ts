// Finds labels that are probably wrong: confident learning in its simplest form.

import { type Predictions, rowOf } from './predictions.ts';

/** An example whose label is probably wrong. Classes are indices. */
export interface SuspectedLabel {
  readonly example: number;
  /** The class it is labelled as. */
  readonly label: number;
  /** The class it seems to be. */
  readonly suggested: number;
  /** Probability of the given label minus that of the suggested one: the lower, the more suspicious. */
  readonly margin: number;
}

/**
 * Finds examples that the model assigns with confidence to another class than their label. It must not have been trained on them.
 *
 * Northcutt, Jiang and Chuang (2021), "Confident learning", section 3.1: a class is possible for an example where its
 * probability reaches the class's own mean over the examples labelled so; of several possible classes the likeliest
 * counts. Ranked by normalized margin (their section 3.3).
 *
 * @returns the suspected labels, the most suspicious first.
 */
export function suspectedLabels(predictions: Predictions): SuspectedLabel[] {
  const { labels } = predictions;
  const thresholds = meanOwnProbability(predictions);
  const suspects: SuspectedLabel[] = [];
  labels.forEach((label, example) => {
    const row = rowOf(predictions, example);
    let suggested = -1;
    row.forEach((value, index) => {
      const threshold = thresholds[index] as number;
      if (value >= threshold && (suggested === -1 || value > (row[suggested] as number))) suggested = index;
    });
    if (suggested === -1 || suggested === label) return;
    suspects.push({ example, label, suggested, margin: (row[label] as number) - (row[suggested] as number) });
  });
  return suspects.sort((a, b) => a.margin - b.margin || a.example - b.example);
}

/** The mean probability of each class over its own examples; infinite for a class without examples. */
function meanOwnProbability(predictions: Predictions): Float64Array {
  const { labels, classes } = predictions;
  const totals = new Float64Array(classes);
  const counts = new Float64Array(classes);
  labels.forEach((label, example) => {
    totals[label] = (totals[label] as number) + (rowOf(predictions, example)[label] as number);
    counts[label] = (counts[label] as number) + 1;
  });
  return totals.map((total, index) =>
    counts[index] === 0 ? Number.POSITIVE_INFINITY : total / (counts[index] as number),
  );
}
