// How often a model is right, in words: the same in reports and on the page. The interval says how little a small test knows.

import { type Proportion, toProportion } from '../evaluation/proportion.ts';
import { of100, percent, plural, whole } from './quantities.ts';

/** A measured share with the ends of its interval, 0 to 1. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A share of a hundred with the ends of its interval: `80 (71–87)`. */
const aroundOf100 = ({ value, low, high }: Interval): string =>
  `${of100(value)} (${of100(low)}–${of100(high)})`;

/** An accuracy, and what it was measured on. */
export interface Judged {
  readonly judgedOn: 'test' | 'validation' | 'folds';
  /** By what the settings of the model were chosen. */
  readonly heldOutBy: 'folds' | 'validation';
  /** Whether classes are unequal: a model that names the large ones alone is right most of the time, and knows nothing of the small ones. */
  readonly isImbalanced: boolean;
  readonly accuracy: Interval & { readonly successes: number; readonly trials: number };
  readonly balancedAccuracy: Interval;
  /** By groups of look-alikes, which are right and wrong together; null without. */
  readonly outOfFold: { readonly accuracy: Interval; readonly ungrouped: readonly number[] } | null;
}

/** The share that says most of a model: its accuracy, or its balanced accuracy where classes are unequal. */
export function leadingShare({
  judgedOn,
  isImbalanced,
  accuracy,
  balancedAccuracy,
  outOfFold,
}: Judged): Interval {
  if (isImbalanced) return balancedAccuracy;
  return judgedOn === 'folds' ? (outOfFold?.accuracy ?? accuracy) : accuracy;
}

/** The share of right answers with its interval, of an accuracy, 0 to 1, on so many pictures; undefined without pictures. */
export const rightOf = (accuracy: number, pictures: number): Proportion | undefined =>
  toProportion(Math.round(accuracy * pictures), pictures);

/** What to expect of new pictures. */
export const sayAccuracy = (judged: Judged): string =>
  `Of 100 new pictures${judged.isImbalanced ? ', as many of each class,' : ''} about ${aroundOf100(leadingShare(judged))} will be right.`;

const OF_THE_SAME_KIND = 'It holds for pictures of the same kind: same cameras, places and classes.';

/** What the share was measured on, and how far that can be believed. */
export function sayBasis(judged: Judged): string {
  const { judgedOn, isImbalanced, accuracy } = judged;
  const { successes, trials, value } = accuracy;
  const pictures = plural(trials, judgedOn === 'folds' ? 'picture' : `${judgedOn} picture`);
  const share = isImbalanced ? ` (${percent(value)}), which says little about small classes` : '';
  return `${whole(successes)} of ${pictures} ${successes === 1 ? 'was' : 'were'} right${share}. ${sayHowUnseen(judged)} ${OF_THE_SAME_KIND}`;
}

function sayHowUnseen({ judgedOn, heldOutBy, outOfFold }: Judged): string {
  if (judgedOn === 'folds' && heldOutBy === 'folds')
    return `Each was judged by a model that had not seen it${outOfFold?.ungrouped.length === 0 ? ' or its look-alikes' : ', though some of its look-alikes'}.`;
  if (judgedOn === 'test' || heldOutBy === 'folds') return 'Training never saw them.';
  const chosen = judgedOn === 'folds' ? 'The second stage' : 'The best epoch';
  return `${chosen} was chosen by them, too, so that the model looks a little better than it is.`;
}
