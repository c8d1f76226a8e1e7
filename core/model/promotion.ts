// The rule by which a new version becomes the live one. Says nothing of how pictures are predicted.

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

/**
 * Whether the new version is right on at least as many of the pictures. A margin for chance would let the live version become worse
 * step by step, each of which is too small to be told from chance.
 */
export const isNotWorse = ({ liveRight, newRight }: PairedAnswers): boolean => newRight >= liveRight;

/** Whether two versions have the same classes, in any order. */
export const hasSameClasses = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join('\n') === [...b].sort().join('\n');
