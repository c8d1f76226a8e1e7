// The rule by which a new version becomes the live one. Says nothing of how pictures are predicted.

/** Two versions are compared on so many pictures at least. */
export const MIN_COMMON_PICTURES = 30;

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
  'not-worse': 'it is right on at least as many pictures that neither version was trained on',
  'asked-not': 'the request said so',
  'classes-changed': 'its classes are not those of the live version',
  'other-dataset':
    'the live version was not trained on the same dataset, so it is not known which pictures it has seen',
  'pictures-unknown': 'it is not known which pictures the live version was trained on',
  'too-few-pictures': `fewer than ${MIN_COMMON_PICTURES} test pictures are new to both versions`,
  'no-pictures': 'there are no pictures on which to compare it with the live version',
  worse: 'it is right on fewer pictures than the live version, of those that neither was trained on',
  'comparison-failed': 'the live version could not be compared with it',
  'live-changed': 'another version became live meanwhile',
} as const;
/** A key of {@link PROMOTION_REASONS}. */
export type PromotionReason = keyof typeof PROMOTION_REASONS;

/**
 * Whether the new version is right on at least as many of the pictures. A margin for chance would let the live version become worse
 * step by step, each of which is too small to be told from chance.
 */
export const isNotWorse = ({ liveRight, newRight }: PairedAnswers): boolean => newRight >= liveRight;

/** Whether two versions have the same classes, in any order. */
export const hasSameClasses = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join('\n') === [...b].sort().join('\n');
