// How well each class is recognized: precision, recall and F1 with confidence intervals.

import { accuracyOf } from './accuracy.ts';
import { bootstrap, type Estimate } from './bootstrap.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { type Predictions, predictedClasses } from './predictions.ts';
import { meanOfShares, type Proportion, toProportion } from './proportion.ts';

/** Precision, recall and F1 of one class. */
export interface ClassScores {
  /** Examples of the class. */
  readonly support: number;
  /** Share of the examples predicted as the class that are of the class; `undefined` where none was predicted. */
  readonly precision: Proportion | undefined;
  /** Share of the examples of the class that were predicted as the class; `undefined` where there are none. */
  readonly recall: Proportion | undefined;
  /** 2 TP / (2 TP + FP + FN); `undefined` where the class neither occurs nor is predicted. */
  readonly f1: Estimate | undefined;
}

/** The scores of every class, and their means. */
export interface AllClassScores {
  readonly classes: readonly ClassScores[];
  /** Mean F1 of the classes that occur or are predicted; as scikit-learn's `f1_score(average='macro')`. */
  readonly macroF1: Estimate | undefined;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: Estimate | undefined;
}

/**
 * Computes the scores of every class. Precision and recall have Wilson's interval, and F1 one that is derived from it. Balanced
 * accuracy has that of {@link meanOfShares}, and macro F1 one of a seeded bootstrap over examples. Where all or no answers are right,
 * resamples do not differ, and it has that of balanced accuracy.
 */
export function scoreClasses(predictions: Predictions, options: { readonly seed: number }): AllClassScores {
  const { labels, classes } = predictions;
  const matrix = confusionMatrix(predictions);
  const predicted = predictedClasses(predictions);
  const predictedCounts = new Int32Array(classes);
  for (const index of predicted) predictedCounts[index] = (predictedCounts[index] as number) + 1;
  const supportOf = (index: number) => (matrix[index] ?? []).reduce((total, count) => total + count, 0);
  const scores = matrix.map((row, index): ClassScores => {
    const right = row[index] as number;
    const support = supportOf(index);
    const named = predictedCounts[index] as number;
    return {
      support,
      precision: toProportion(right, named),
      recall: toProportion(right, support),
      f1: toF1(right, support, named),
    };
  });
  const balancedAccuracy = meanOfShares(scores.flatMap(({ recall }) => recall ?? []));
  return {
    classes: scores,
    macroF1:
      balancedAccuracy === undefined || isSameForAll(accuracyOf(predictions))
        ? balancedAccuracy
        : bootstrap(labels.length, (sample) => [macroF1Of(labels, predicted, classes, sample)], options)[0],
    balancedAccuracy,
  };
}

/** Whether all or none are right. */
const isSameForAll = (accuracy: Proportion | undefined): boolean =>
  accuracy?.value === 0 || accuracy?.value === 1;

/**
 * F1 of a class from its right answers, its examples and the examples predicted as the class.
 *
 * Of the examples that are of the class or predicted so, the share of right ones is F* = TP / (TP + FP + FN), and F1 = 2 F* /
 * (1 + F*) rises with it (Hand, Christen and Kirielle 2021, "F*: an interpretable transformation of the F-measure"). So
 * Wilson's interval of F* becomes one of F1: the "Wilson indirect" method of Lam, Gopal and Qian (2023), "Confidence
 * intervals for the F1 score: a comparison of four methods". It has a width at 0 and 1 too, and for a class of few examples.
 */
function toF1(right: number, support: number, named: number): Estimate | undefined {
  const share = toProportion(right, support + named - right);
  if (share === undefined) return undefined;
  const fromShare = (value: number) => (2 * value) / (1 + value);
  return { value: fromShare(share.value), low: fromShare(share.low), high: fromShare(share.high) };
}

/** Mean F1 of the classes that occur in a sample, or are predicted there. */
function macroF1Of(labels: Int32Array, predicted: Int32Array, classes: number, sample: Int32Array): number {
  const right = new Float64Array(classes);
  const both = new Float64Array(classes);
  for (const example of sample) {
    const label = labels[example] as number;
    const guess = predicted[example] as number;
    both[label] = (both[label] as number) + 1;
    both[guess] = (both[guess] as number) + 1;
    if (label === guess) right[label] = (right[label] as number) + 1;
  }
  const seen = [...both.keys()].filter((index) => (both[index] as number) > 0);
  return (
    seen.reduce((sum, index) => sum + (2 * (right[index] as number)) / (both[index] as number), 0) /
    seen.length
  );
}
