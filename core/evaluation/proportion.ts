// A share of trials with its confidence interval, and means of such shares.

import type { Estimate } from './bootstrap.ts';

/** A share with its 95 % confidence interval. */
export interface Proportion {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly successes: number;
  readonly trials: number;
}

/** Quantile of the normal distribution for a two-sided interval of 95 %. */
const Z_95 = 1.959963984540054;

/**
 * Computes a share and Wilson's score interval, which is accurate for few trials and for shares near 0 and 1, where the usual
 * normal interval is not.
 *
 * Wilson (1927), "Probable inference, the law of succession, and statistical inference"; recommended for small counts by
 * Brown, Cai and DasGupta (2001).
 * @param z quantile of the normal distribution; that of a 95 % interval by default.
 * @returns `undefined` for no trials.
 */
export function toProportion(successes: number, trials: number, z = Z_95): Proportion | undefined {
  if (trials === 0) return undefined;
  const value = successes / trials;
  const square = (z * z) / trials;
  const center = (value + square / 2) / (1 + square);
  const half = (z * Math.sqrt((value * (1 - value)) / trials + square / (4 * trials))) / (1 + square);
  return {
    value,
    // Exactly 0 and 1 at the ends, where rounding would leave a hair.
    low: successes === 0 ? 0 : Math.max(0, center - half),
    high: successes === trials ? 1 : Math.min(1, center + half),
    successes,
    trials,
  };
}

/**
 * Computes the mean of shares that count alike, however many trials each has, with Wilson's interval for the number of trials that the
 * mean is worth: K² / Σ 1/n of K shares with n trials each, by which its variance is that of one share (Kish 1965, "Survey sampling",
 * effective sample size). One share of one trial makes it wide; with as many trials in each, it is that of all of them.
 *
 * @returns `undefined` for no shares.
 */
export function meanOfShares(
  shares: readonly { readonly value: number; readonly trials: number }[],
): Estimate | undefined {
  if (shares.length === 0) return undefined;
  const value = shares.reduce((sum, share) => sum + share.value, 0) / shares.length;
  const worth = shares.length ** 2 / shares.reduce((sum, { trials }) => sum + 1 / trials, 0);
  const { low, high } = toProportion(value * worth, worth) as Proportion;
  return { value, low, high };
}
