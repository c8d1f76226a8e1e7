// What every evaluation starts from: probabilities and true labels. Knows neither pictures nor networks.

/** Probabilities and true classes of `labels.length` examples. */
export interface Predictions {
  /** Row by row, `[examples, classes]`; each row sums to 1. */
  readonly probabilities: Float32Array;
  /** Index of the true class of every example. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/** The probabilities of one example, `[classes]`; a view, not a copy. */
export const rowOf = ({ probabilities, classes }: Predictions, example: number): Float32Array =>
  probabilities.subarray(example * classes, (example + 1) * classes);

/** The likeliest class of one example; of equally likely ones the first. */
export function predictedClass(predictions: Predictions, example: number): number {
  const row = rowOf(predictions, example);
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}

/** The likeliest class of every example, as indices. */
export const predictedClasses = (predictions: Predictions): Int32Array =>
  predictions.labels.map((_, example) => predictedClass(predictions, example));

/** The confidence of every example: its largest probability. */
export const confidences = (predictions: Predictions): Float64Array =>
  Float64Array.from(predictions.labels, (_, example) => Math.max(...rowOf(predictions, example)));

/** For every example, 1 where the likeliest class is the true one, else 0. */
export const hits = (predictions: Predictions): Uint8Array =>
  Uint8Array.from(predictions.labels, (label, example) =>
    predictedClass(predictions, example) === label ? 1 : 0,
  );
