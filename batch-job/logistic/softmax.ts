// Scores to probabilities.

/**
 * Replaces the scores of one example by its probabilities.
 * @param scores its scores are those from `at` on.
 * @param shift added to the scores first, `[classes]`.
 * @returns the logarithm of the sum of the powers, so that `score + shift - result` is the logarithm of a probability.
 */
export function softmaxInPlace(scores: Float32Array, at: number, shift: Float64Array): number {
  const classes = shift.length;
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++)
    largest = Math.max(largest, (scores[at + c] as number) + (shift[c] as number));
  let sum = 0;
  for (let c = 0; c < classes; c++)
    sum += Math.exp((scores[at + c] as number) + (shift[c] as number) - largest);
  const logSum = largest + Math.log(sum);
  for (let c = 0; c < classes; c++)
    scores[at + c] = Math.exp((scores[at + c] as number) + (shift[c] as number) - logSum);
  return logSum;
}
