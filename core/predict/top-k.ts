// Ranks labels by their probabilities.

/** A label with its score. */
export interface LabelScore {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
  /** Index of the class in the network's output. */
  readonly index: number;
}

/**
 * The `k` likeliest labels, best first. Equal scores are in the order of the classes.
 * @param probabilities one row of the network's output, `[classes]`.
 * @param k at least 1; more than there are classes gives all of them.
 */
export function topK(probabilities: Float32Array, labels: readonly string[], k: number): LabelScore[] {
  return Array.from(probabilities, (score, index) => ({
    label: labels[index] ?? String(index),
    score,
    index,
  }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, k);
}
