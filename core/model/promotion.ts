// The rule by which a new version becomes the live one. Says nothing of how pictures are predicted.

/** Two versions are compared on so many pictures at least. */
export const MIN_COMMON_PICTURES = 30;
/** The new version is worse where chance alone would explain its loss with a smaller probability than this. */
const WORSE_LEVEL = 0.1;

/** The answers of two versions on the same pictures. */
export interface PairedAnswers {
  readonly pictures: number;
  readonly liveRight: number;
  readonly newRight: number;
  /** Pictures on which the live version alone is right. */
  readonly onlyLiveRight: number;
  /** Pictures on which the new version alone is right. */
  readonly onlyNewRight: number;
}

/** Why a version was made live, or was not. */
export const PROMOTION_REASONS = {
  first: 'it is the first version of the model',
  asked: 'the request said so',
  'not-worse': 'it is not worse on pictures that neither version was trained on',
  'asked-not': 'the request said so',
  'classes-changed': 'its classes are not those of the live version',
  'other-dataset':
    'the live version was not trained on the same dataset, so it is not known which pictures it has seen',
  'pictures-unknown': 'it is not known which pictures the live version was trained on',
  'too-few-pictures': `fewer than ${MIN_COMMON_PICTURES} test pictures are new to both versions`,
  'no-pictures': 'there are no pictures on which to compare it with the live version',
  worse: 'it is worse than the live version on pictures that neither was trained on',
  'comparison-failed': 'the live version could not be compared with it',
  'live-changed': 'another version became live meanwhile',
} as const;
/** A key of {@link PROMOTION_REASONS}. */
export type PromotionReason = keyof typeof PROMOTION_REASONS;

/**
 * Whether the new version is not worse, by a one-sided exact sign test (McNemar) on the pictures on which exactly one version is right:
 * if both were equally good, a loss as large as this would have a probability of at least 10 %.
 */
export function isNotWorse({ onlyLiveRight, onlyNewRight }: PairedAnswers): boolean {
  return binomialTail(onlyLiveRight + onlyNewRight, onlyLiveRight) >= WORSE_LEVEL;
}

/** P(X ≥ k) of a fair coin thrown n times. */
function binomialTail(n: number, k: number): number {
  // In logarithms, because 2^-n underflows for n above 1074.
  let logTerm = -n * Math.LN2;
  let tail = k <= 0 ? Math.exp(logTerm) : 0;
  for (let successes = 1; successes <= n; successes++) {
    logTerm += Math.log((n - successes + 1) / successes);
    if (successes >= k) tail += Math.exp(logTerm);
  }
  return Math.min(1, tail);
}

/** Whether two versions have the same classes, in any order. */
export const hasSameClasses = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join('\n') === [...b].sort().join('\n');
