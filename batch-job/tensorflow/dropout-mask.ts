// Random factors for dropout, from a counter: what is drawn depends on seed, layer, batch and position alone, so that a
// resumed run draws what an uninterrupted one would, on every back end.

const UINT31 = 2 ** 31;

/** 2^32 over the golden ratio, odd: multiples of it are spread evenly over the 32-bit integers. */
const GOLDEN = 0x9e3779b9;

/** The finalizer of MurmurHash3 (Appleby 2011): a bijection on 32-bit integers in which every bit depends on all. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Factors of one layer for one batch.
 *
 * @param key Seed, number of the batch and number of the layer.
 * @returns `count` values, 0 with probability `rate`, else 1 / (1 - rate).
 */
export function dropoutMask(key: readonly number[], count: number, rate: number): Float32Array {
  const stream = key.reduce((hash, part) => mix(mix(hash) ^ (part + GOLDEN)), 0);
  const threshold = Math.round(rate * UINT31);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    // -1 where the draw is at or above the threshold, else 0: a branch on random bits costs more than the draw.
    const above = (threshold - 1 - (mix(Math.imul(i, GOLDEN) + stream) >>> 1)) >> 31;
    mask[i] = -above * kept;
  }
  return mask;
}
