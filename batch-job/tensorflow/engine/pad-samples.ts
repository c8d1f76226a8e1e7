// Fills a batch, so that a program always runs with the same number of samples. Plain arithmetic.

import type { InputData } from '../executor/input-data.ts';

/**
 * The values of `count` samples, followed by zeros for as many samples as `padded` has more.
 *
 * @returns `values` itself where there is nothing to add.
 */
export function padSamples<T extends InputData>(values: T, count: number, padded: number): T {
  if (count === padded) return values;
  const filled = new (values.constructor as new (length: number) => T)((values.length / count) * padded);
  filled.set(values);
  return filled;
}
