// Which class is predicted for which.

import { type Predictions, predictedClasses } from './predictions.ts';

/** Numbers of examples. Row: true class. Column: predicted class. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** Counts the examples of each true and each predicted class. */
export function confusionMatrix(predictions: Predictions): ConfusionMatrix {
  const { classes, labels } = predictions;
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  predictedClasses(predictions).forEach((predicted, example) => {
    const row = matrix[labels[example] as number] as number[];
    row[predicted] = (row[predicted] as number) + 1;
  });
  return matrix;
}

/** How often one class was predicted for another. */
export interface Confusion {
  readonly actual: number;
  readonly predicted: number;
  readonly count: number;
  /** Share of the examples of the true class. */
  readonly share: number;
}

/** The most frequent confusions of a matrix. Of equal counts the one with the larger share comes first. */
export function topConfusions(matrix: ConfusionMatrix, limit: number): Confusion[] {
  return matrix
    .flatMap((row, actual) => {
      const support = row.reduce((total, count) => total + count, 0);
      return row.map((count, predicted) => ({ actual, predicted, count, share: count / support }));
    })
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort(
      (a, b) => b.count - a.count || b.share - a.share || a.actual - b.actual || a.predicted - b.predicted,
    )
    .slice(0, limit);
}
