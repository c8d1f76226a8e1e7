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
  const best: LabelScore[] = [];
  const most = Math.min(k, probabilities.length);
  for (let index = 0; index < probabilities.length; index++) {
    const score = probabilities[index] as number;
    const last = best.at(-1);
    // Most classes end here.
    if (best.length === most && last !== undefined && score <= last.score) continue;
    const place = best.findIndex((other) => other.score < score);
    best.splice(place === -1 ? best.length : place, 0, {
      label: labels[index] ?? String(index),
      score,
      index,
    });
    if (best.length > most) best.pop();
  }
  return best;
}
