// Random factors for dropout: what is drawn depends on seed, layer, batch and position alone, so that a resumed run draws
// what an uninterrupted one would, on every back end.

import { deriveSeed, uniformAt } from '../../core/random.ts';

/**
 * Factors of one layer for one batch.
 *
 * @param key Seed, number of the batch and number of the layer.
 * @returns `count` values, 0 with probability `rate`, else 1 / (1 - rate).
 */
export function dropoutMask(
  [seed = 0, ...streams]: readonly number[],
  count: number,
  rate: number,
): Float32Array {
  const stream = deriveSeed(seed, ...streams);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(count);
  for (let i = 0; i < count; i++) if (uniformAt(stream, i) >= rate) mask[i] = kept;
  return mask;
}
