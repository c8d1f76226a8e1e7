// Why a new version is used, or is not, in words: the same in events, at a terminal and on the page.

/** Two versions are compared on so many pictures at least. */
export const MIN_COMMON_PICTURES = 30;

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

/** Says that a version is trained and not used. @param reason a key of {@link PROMOTION_REASONS}, or of another version of Fovea. */
export function sayNotUsed(version: string, reason: string, live: string): string {
  const why = Object.entries(PROMOTION_REASONS).find(([key]) => key === reason)?.[1];
  return `Version ${version} is trained and not used${why === undefined ? '' : `, because ${why}`}. Version ${live} stays in use.`;
}
