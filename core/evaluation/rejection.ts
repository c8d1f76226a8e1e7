// When to answer "none of these": the threshold on the score, and its effect.

import { confidences, type Predictions } from './predictions.ts';

/** Share of pictures of the known classes that may be rejected wrongly. */
export const FALSE_REJECTION_RATE = 0.05;
/** With fewer pictures, 5 % of them is one picture or none. */
const MIN_EXAMPLES = 20;

/**
 * Finds the threshold below which a picture is rejected. Its score is its largest probability, which is low for pictures that
 * resemble no class: Hendrycks and Gimpel (2017), "A baseline for detecting misclassified and out-of-distribution examples".
 *
 * @param predictions of a validation split, calibrated.
 * @returns the highest threshold below which at most `falseRejectionRate` of the examples fall; `undefined` where there are
 * too few examples to say. A picture is rejected when its largest probability is below it.
 */
export function rejectionThreshold(
  predictions: Predictions,
  falseRejectionRate: number = FALSE_REJECTION_RATE,
): number | undefined {
  const sorted = confidences(predictions).sort();
  if (sorted.length < MIN_EXAMPLES) return undefined;
  return sorted[Math.floor(sorted.length * falseRejectionRate)];
}

/** How many answers a threshold rejects and accepts, and how many of them are right. */
export interface RejectionEffect {
  readonly threshold: number;
  readonly rejected: number;
  /** Number of rejected answers that would have been right. */
  readonly rejectedRight: number;
  readonly accepted: number;
  readonly acceptedRight: number;
}

/**
 * Counts what a threshold does to the answers of a split.
 * @param right 1 for a right answer, 0 for a wrong one.
 */
export function rejectionEffect(
  confidence: Float64Array,
  right: Uint8Array,
  threshold: number,
): RejectionEffect {
  const effect = { threshold, rejected: 0, rejectedRight: 0, accepted: 0, acceptedRight: 0 };
  confidence.forEach((value, example) => {
    const isRight = right[example] as number;
    if (value < threshold) {
      effect.rejected += 1;
      effect.rejectedRight += isRight;
    } else {
      effect.accepted += 1;
      effect.acceptedRight += isRight;
    }
  });
  return effect;
}
