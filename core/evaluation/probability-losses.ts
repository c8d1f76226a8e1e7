// Losses of the probabilities themselves, not only of the predicted class.

import { type Predictions, rowOf } from './predictions.ts';

/** The probability that stands for one that underflowed, so that its logarithm is finite; Keras's epsilon. */
const MIN_PROBABILITY = 1e-7;

const meanOver = (predictions: Predictions, scoreOf: (row: Float32Array, label: number) => number) => {
  let total = 0;
  predictions.labels.forEach((label, example) => {
    total += scoreOf(rowOf(predictions, example), label);
  });
  return predictions.labels.length === 0 ? undefined : total / predictions.labels.length;
};

/** Cross-entropy of one example in nats: the negative logarithm of the probability of its true class. */
export const crossEntropyOf = (row: Float32Array, label: number): number =>
  -Math.log(Math.max(row[label] as number, MIN_PROBABILITY));

/** Mean cross-entropy in nats (the negative log-likelihood); `undefined` without examples. */
export const crossEntropy = (predictions: Predictions): number | undefined =>
  meanOver(predictions, crossEntropyOf);

/** Cross-entropy as {@link crossEntropy}, but with every class that occurs in equal share: the mean over classes of the mean of each. */
export function balancedCrossEntropy(predictions: Predictions): number | undefined {
  const { labels, classes } = predictions;
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  labels.forEach((label, example) => {
    sums[label] = (sums[label] as number) + crossEntropyOf(rowOf(predictions, example), label);
    counts[label] = (counts[label] as number) + 1;
  });
  const means = [...sums].flatMap((sum, label) =>
    counts[label] === 0 ? [] : sum / (counts[label] as number),
  );
  return means.length === 0 ? undefined : means.reduce((total, loss) => total + loss, 0) / means.length;
}

/**
 * Mean squared distance of the probabilities from the truth, summed over classes: 0 is perfect, 2 the worst;
 * `undefined` without examples. Brier (1950), in its original form.
 */
export const brierScore = (predictions: Predictions): number | undefined =>
  meanOver(predictions, (row, label) =>
    row.reduce((total, value, index) => total + (value - (index === label ? 1 : 0)) ** 2, 0),
  );
