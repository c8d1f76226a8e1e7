// Seeded randomness for everything that must be reproducible. It is counter-based: a draw depends on the seed and its index alone, so
// that a resumed run needs no state but its position.

/** The finalizer of MurmurHash3 (Appleby, 2011): a bijection of 32-bit integers in which every bit depends on every bit. */
function mix(value: number): number {
  let h = value >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** 2^32 divided by the golden ratio: keeps small seeds and streams far apart. */
const GOLDEN = 0x9e3779b9;
const TWO_POW_32 = 2 ** 32;

/** Derives the seed of an independent stream, e.g. of one epoch or one layer. */
export function deriveSeed(seed: number, ...streams: readonly number[]): number {
  return streams.reduce((derived, stream) => mix(derived ^ mix(stream + GOLDEN)), mix(seed + GOLDEN));
}

/** Draw number `index` of a seed: 32 random bits, as an integer from 0. */
export function bitsAt(seed: number, index: number): number {
  return mix(mix(index + 1) ^ mix(seed + GOLDEN));
}

/** Draw number `index` of a seed: uniform in [0, 1), with 32 random bits. */
export function uniformAt(seed: number, index: number): number {
  return bitsAt(seed, index) / TWO_POW_32;
}

/** The numbers 0 … count - 1 in a random order that the seed decides (Fisher and Yates's shuffle). */
export function permutation(count: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(uniformAt(seed, last) * (last + 1));
    const value = order[last] as number;
    order[last] = order[other] as number;
    order[other] = value;
  }
  return order;
}
