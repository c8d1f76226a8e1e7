// Random factors for dropout: what is drawn depends on seed, layer, batch and position alone, so that a resumed run draws
// what an uninterrupted one would, on every back end.

import { bitsAt, deriveSeed } from '../../core/random.ts';

/** Half of a draw's 32 bits decide on one value: the rate is kept to 1 / 65536. */
const STEPS = 2 ** 16;

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
  const dropped = Math.round(rate * STEPS);
  // Looked up: a processor predicts a random branch wrongly, which takes longer than the draw.
  const factors = Float32Array.of(0, 1 / (1 - rate));
  const mask = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const bits = bitsAt(stream, i / 2);
    mask[i] = factors[Number(bits >>> 16 >= dropped)] as number;
    // Beyond the end of an odd count this writes nothing.
    mask[i + 1] = factors[Number((bits & (STEPS - 1)) >= dropped)] as number;
  }
  return mask;
}
