// A share of trials with its confidence interval.

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
