// Which class is taken for which.

import { type Predictions, predictedClasses } from './predictions.ts';

/** Row: true class. Column: predicted class. */
export type ConfusionMatrix = readonly (readonly number[])[];

export function confusionMatrix(predictions: Predictions): ConfusionMatrix {
  const { classes, labels } = predictions;
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  predictedClasses(predictions).forEach((predicted, example) => {
    const row = matrix[labels[example] as number] as number[];
    row[predicted] = (row[predicted] as number) + 1;
  });
  return matrix;
}

/** How often one class was taken for another. */
export interface Confusion {
  readonly actual: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the examples of the true class. */
  readonly share: number;
}

/** The confusions of a matrix, the most frequent first; of equal counts the one with the larger share. */
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
