// Confidence intervals of statistics that have no formula, from seeded resamples of the examples.

import { deriveSeed, uniformAt } from '../random.ts';

/** A number with its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Seed and number of resamples. */
export interface BootstrapOptions {
  readonly seed: number;
  /** Default 1000: enough for two digits of a 95 % interval (Efron and Tibshirani 1993, chapter 19). */
  readonly resamples?: number;
}

const DEFAULT_RESAMPLES = 1000;
const TAIL = 0.025;

/**
 * Computes percentile intervals (Efron 1979) of several statistics of the same examples. The intervals have no width where all
 * examples are equal, e.g. all right, however few they are: use another kind of interval there.
 * @param statistics computes the statistics of a sample. A sample is the indices of examples, some of them more than once.
 * @returns one estimate for each statistic, in their order. The same seed gives the same intervals.
 */
export function bootstrap(
  examples: number,
  statistics: (sample: Int32Array) => readonly number[],
  { seed, resamples = DEFAULT_RESAMPLES }: BootstrapOptions,
): Estimate[] {
  const whole = statistics(Int32Array.from({ length: examples }, (_, index) => index));
  const drawn = whole.map(() => new Float64Array(resamples));
  const sample = new Int32Array(examples);
  for (let round = 0; round < resamples; round++) {
    const roundSeed = deriveSeed(seed, round);
    for (let i = 0; i < examples; i++) sample[i] = Math.floor(uniformAt(roundSeed, i) * examples);
    statistics(sample).forEach((value, index) => {
      (drawn[index] as Float64Array)[round] = value;
    });
  }
  return whole.map((value, index) => {
    const sorted = (drawn[index] as Float64Array).sort();
    return { value, low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL) };
  });
}

/**
 * A quantile of sorted values, linear between neighbors (Hyndman and Fan's type 7, NumPy's default).
 * @param share 0 to 1.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}
