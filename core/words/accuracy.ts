// How often a model is right, in words: the same in reports and on the page. The interval says how little a small test knows.

import { of100 } from './quantities.ts';

/** A measured share with the ends of its interval, 0 to 1. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A share of a hundred with the ends of its interval: `80 (71–87)`. */
const aroundOf100 = ({ value, low, high }: Interval): string =>
  `${of100(value)} (${of100(low)}–${of100(high)})`;

/** What to expect of new pictures. @param countsClassesAlike whether the share is the balanced accuracy. */
export const sayAccuracy = (share: Interval, countsClassesAlike: boolean): string =>
  `Of 100 new pictures${countsClassesAlike ? ', as many of each class,' : ''} about ${aroundOf100(share)} will be right.`;
