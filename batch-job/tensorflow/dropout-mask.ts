// Random factors for dropout, from a counter: what is drawn depends on seed, layer, batch and position alone, so that a
// resumed run draws what an uninterrupted one would, on every back end.

const UINT32 = 2 ** 32;

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
  const stream = key.reduce((hash, part) => mix(mix(hash) ^ (part + 0x9e3779b9)), 0);
  const threshold = Math.round(rate * UINT32);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    if (mix(mix(i + 1) ^ stream) >>> 0 >= threshold) mask[i] = kept;
  }
  return mask;
}
