// How well each class is recognized: precision, recall and F1 with intervals.

import { bootstrap, type Estimate } from './bootstrap.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { type Predictions, predictedClasses } from './predictions.ts';
import { type Proportion, toProportion } from './proportion.ts';

export interface ClassScores {
  /** Examples of the class. */
  readonly support: number;
  /** Of those predicted as the class, how many are; `undefined` where none was predicted. */
  readonly precision: Proportion | undefined;
  /** Of those of the class, how many were found; `undefined` where there are none. */
  readonly recall: Proportion | undefined;
  /** 2 TP / (2 TP + FP + FN); `undefined` where the class neither occurs nor is predicted. */
  readonly f1: Estimate | undefined;
}

export interface AllClassScores {
  readonly classes: readonly ClassScores[];
  /** Mean F1 of the classes that occur or are predicted; as scikit-learn's `f1_score(average='macro')`. */
  readonly macroF1: Estimate | undefined;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: Estimate | undefined;
}

/** Scores of every class. Intervals: Wilson's for shares, a seeded bootstrap over examples for F1 and the means. */
export function scoreClasses(predictions: Predictions, options: { readonly seed: number }): AllClassScores {
  const { labels, classes } = predictions;
  const matrix = confusionMatrix(predictions);
  const predicted = predictedClasses(predictions);
  const predictedCounts = new Int32Array(classes);
  for (const index of predicted) predictedCounts[index] = (predictedCounts[index] as number) + 1;
  const supportOf = (index: number) => (matrix[index] ?? []).reduce((total, count) => total + count, 0);

  const estimates =
    labels.length === 0
      ? []
      : bootstrap(labels.length, (sample) => f1Statistics(labels, predicted, classes, sample), options);
  return {
    classes: matrix.map((row, index) => {
      const right = row[index] as number;
      const support = supportOf(index);
      const named = predictedCounts[index] as number;
      return {
        support,
        precision: toProportion(right, named),
        recall: toProportion(right, support),
        f1: support + named === 0 ? undefined : estimates[index],
      };
    }),
    macroF1: estimates[classes],
    balancedAccuracy: estimates[classes + 1],
  };
}

/** F1 of every class (0 where undefined), then macro F1, then balanced accuracy. */
function f1Statistics(
  labels: Int32Array,
  predicted: Int32Array,
  classes: number,
  sample: Int32Array,
): number[] {
  const right = new Float64Array(classes);
  const support = new Float64Array(classes);
  const named = new Float64Array(classes);
  for (const example of sample) {
    const label = labels[example] as number;
    const guess = predicted[example] as number;
    support[label] = (support[label] as number) + 1;
    named[guess] = (named[guess] as number) + 1;
    if (label === guess) right[label] = (right[label] as number) + 1;
  }
  const f1 = new Array<number>(classes).fill(0);
  let f1Total = 0;
  let seen = 0;
  let recallTotal = 0;
  let occurring = 0;
  for (let index = 0; index < classes; index++) {
    const occurs = support[index] as number;
    const both = occurs + (named[index] as number);
    if (both > 0) {
      f1[index] = (2 * (right[index] as number)) / both;
      f1Total += f1[index] as number;
      seen += 1;
    }
    if (occurs > 0) {
      recallTotal += (right[index] as number) / occurs;
      occurring += 1;
    }
  }
  return [...f1, f1Total / seen, recallTotal / occurring];
}
