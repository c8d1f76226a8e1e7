// Dropout masks. What is drawn depends on seed, layer, batch and position alone, so that a resumed run draws what an
// uninterrupted one would, on every back end.

import { bitsAt, deriveSeed } from '../../../core/random.ts';

/** Half of a draw's 32 bits decide on one value: the rate is kept to 1 / 65536. */
const STEPS = 2 ** 16;
const MIN_PLACES = 2 ** 16;
/** Masks begin one factor after a multiple of this many, so that TensorFlow copies them where they are: see unaligned.ts. */
const FACTORS_A_PLACE = 4;

/** Gives a layer's mask for the batch of this number: `count` factors, 0 with probability `rate`, else 1 / (1 - rate). */
export type DropoutMasks = (batch: number, count: number) => Float32Array;

/**
 * Draws a layer's factors once, twice as many as a batch takes, and gives every batch a stretch of them that begins at a
 * random place: a draw for every value of every batch takes a tenth of a small network's step.
 *
 * @param key Seed and number of the layer.
 * @param maxCount Most values of a batch.
 * @returns Views of the draws, to be read only.
 */
export function createDropoutMasks(
  [seed = 0, ...streams]: readonly number[],
  maxCount: number,
  rate: number,
): DropoutMasks {
  const stream = deriveSeed(seed, ...streams);
  const places = Math.max(maxCount, MIN_PLACES);
  const draws = drawFactors(stream, maxCount + places + 1, rate);
  return (batch, count) => {
    const start = FACTORS_A_PLACE * Math.floor((deriveSeed(stream, batch) % places) / FACTORS_A_PLACE) + 1;
    return draws.subarray(start, start + count);
  };
}

function drawFactors(stream: number, count: number, rate: number): Float32Array {
  const dropped = Math.round(rate * STEPS);
  // Looked up: a processor predicts a random branch wrongly, which takes longer than the draw.
  const factors = Float32Array.of(0, 1 / (1 - rate));
  const draws = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const bits = bitsAt(stream, i / 2);
    draws[i] = factors[Number(bits >>> 16 >= dropped)] as number;
    // Beyond the end of an odd count this writes nothing.
    draws[i + 1] = factors[Number((bits & (STEPS - 1)) >= dropped)] as number;
  }
  return draws;
}
