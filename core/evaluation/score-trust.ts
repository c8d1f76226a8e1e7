// Whether the scores of a model can be trusted, as far as the judged pictures can tell. The one rule of report, page and command.

import type { ReliabilityBin } from './calibration.ts';

/** What is known of the scores of a model. */
export interface JudgedScores {
  /** Share of right answers: ends of its 95 % interval, and the pictures that were judged. */
  readonly accuracy: { readonly low: number; readonly high: number; readonly trials: number };
  /** Each class: precision is null where the model never named it, recall where none of its pictures was judged. */
  readonly classes: readonly {
    readonly precision: object | null;
    readonly recall: { readonly high: number } | null;
  }[];
  /** Expected calibration error of the served scores, 0 to 1. */
  readonly calibrationError: number;
  /** The error that honest scores would show on as many pictures by chance, 0 to 1. */
  readonly byChance: number;
  readonly bins: readonly Pick<ReliabilityBin, 'count' | 'confidence' | 'accuracy'>[];
}

/**
 * Whether scores can be trusted: not for every class, where the model never names some; with care, where they are further off than chance
 * explains and enough pictures bear that out; not known, where too few pictures were judged; else yes. Shares are 0 to 1.
 */
export type ScoreTrust =
  | { readonly verdict: 'unknown-classes' /** Their indices. */; readonly classes: readonly number[] }
  | {
      readonly verdict: 'with-care';
      readonly error: number;
      readonly byChance: number;
      readonly leans: 'too-sure' | 'too-modest';
    }
  | {
      readonly verdict: 'too-few-pictures';
      readonly error: number;
      readonly byChance: number;
      /** Pictures that were judged. */
      readonly pictures: number;
      /** Half of the interval of the accuracy. */
      readonly margin: number;
      /** Whether it is what chance makes that is too much; else it is the margin that is too wide. */
      readonly isChance: boolean;
      /** Pictures that a test needs at least, for what is too much or too wide to be no more than `MOST_BLUR`, at scores and answers like these. */
      readonly enough: number;
    }
  | { readonly verdict: 'yes'; readonly error: number; readonly byChance: number };

/** A calibration error up to here is small enough to act on scores. */
const GOOD_ERROR = 0.05;
/** As is one that honest scores would show by chance. */
const CHANCE_FACTOR = 1.5;
/** A margin of 95 % is more than twice what chance makes on average. */
const MARGIN_FACTOR = 2;
/** What the error by chance, and the margin of the accuracy, may be at most where scores are trusted. */
export const MOST_BLUR = { chance: GOOD_ERROR, margin: MARGIN_FACTOR * GOOD_ERROR } as const;
/** Numbers of pictures are named in steps of it. */
const PICTURES_STEP = 10;
/** A class of which the model finds less than half for certain, and that it never names, is unknown to it. */
const KNOWN_RECALL = 0.5;

/** Classes that the model never named, of which too many pictures were judged for that to be chance. @returns their indices. */
export const unknownClasses = (classes: JudgedScores['classes']): readonly number[] =>
  classes.flatMap(({ precision, recall }, index) =>
    precision === null && recall !== null && recall.high < KNOWN_RECALL ? [index] : [],
  );

/** Whether the served scores mean what they say, as far as this many pictures can tell. */
export function trustInScores({
  accuracy,
  classes,
  calibrationError,
  byChance,
  bins,
}: JudgedScores): ScoreTrust {
  const unknown = unknownClasses(classes);
  if (unknown.length > 0) return { verdict: 'unknown-classes', classes: unknown };
  const error = calibrationError;
  const pictures = accuracy.trials;
  const margin = (accuracy.high - accuracy.low) / 2;
  const isOff = error > Math.max(GOOD_ERROR, CHANCE_FACTOR * byChance);
  // Of scores near 100 % chance makes little on average, and much where one of a few answers is wrong.
  const isBorneOut = error > margin || margin <= MARGIN_FACTOR * GOOD_ERROR;
  if (isOff && isBorneOut) {
    const gap = bins.reduce((sum, bin) => sum + bin.count * ((bin.confidence ?? 0) - (bin.accuracy ?? 0)), 0);
    return { verdict: 'with-care', error, byChance, leans: gap > 0 ? 'too-sure' : 'too-modest' };
  }
  // Nor does a handful of right answers bear them out.
  const blur = Math.max(byChance, margin / MARGIN_FACTOR);
  if (blur <= GOOD_ERROR) return { verdict: 'yes', error, byChance };
  return {
    verdict: 'too-few-pictures',
    error,
    byChance,
    pictures,
    margin,
    isChance: byChance > GOOD_ERROR && byChance >= margin / MARGIN_FACTOR,
    enough: enoughPictures(pictures, blur),
  };
}

/** What chance does falls with the root of the number of pictures at most: where they fill few bins, more slowly. */
const enoughPictures = (pictures: number, blur: number): number =>
  PICTURES_STEP * Math.ceil((pictures * (blur / GOOD_ERROR) ** 2) / PICTURES_STEP);
