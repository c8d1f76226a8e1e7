import { describe, expect, test } from 'vitest';
import { createDropoutMasks } from '../../../batch-job/tensorflow/engine/dropout-mask.ts';

const COUNT = 100_000;
const keptShare = (mask: Float32Array) => mask.filter((factor) => factor > 0).length / mask.length;
const agreement = (mask: Float32Array, other: Float32Array) =>
  mask.filter((factor, i) => factor === other[i]).length / mask.length;

describe('dropout masks', () => {
  test.each([0.1, 0.25, 0.5, 0.9])('drop a share of %d and scale what they keep', (rate) => {
    const masksOf = createDropoutMasks([1, 2], COUNT, rate);
    for (const batch of [0, 1, 2]) {
      const mask = masksOf(batch, COUNT);
      expect(mask).toHaveLength(COUNT);
      // Four standard deviations of a binomial share.
      expect(Math.abs(keptShare(mask) - (1 - rate))).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / COUNT));
      expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    }
  });

  test('are the same for the same key and batch, and others for another seed, layer or batch', () => {
    const mask = createDropoutMasks([1, 2], COUNT, 0.5)(3, COUNT);
    expect(createDropoutMasks([1, 2], COUNT, 0.5)(3, COUNT)).toEqual(mask);
    for (const [key, batch] of [
      [[2, 2], 3],
      [[1, 3], 3],
      [[1, 2], 4],
    ] as const) {
      const other = createDropoutMasks(key, COUNT, 0.5)(batch, COUNT);
      expect(Math.abs(agreement(mask, other) - 0.5)).toBeLessThan(0.01);
    }
  });

  test('of a shorter last batch begin as those of a whole one', () => {
    const masksOf = createDropoutMasks([1, 2], COUNT, 0.5);
    expect(masksOf(5, 1000)).toEqual(masksOf(5, COUNT).subarray(0, 1000));
  });

  test('of one batch do not depend on those of the batch before', () => {
    const masksOf = createDropoutMasks([1, 2], 1000, 0.5);
    const masks = Array.from({ length: 200 }, (_, batch) => masksOf(batch, 1000).join());
    // Of 65,536 places, a few may be met twice.
    expect(new Set(masks).size).toBeGreaterThan(190);
  });

  test('have no pattern between neighbors', () => {
    const mask = createDropoutMasks([7, 0], COUNT, 0.5)(0, COUNT);
    for (const lag of [1, 2, 3, 32, 64, 128])
      expect(Math.abs(agreement(mask.subarray(lag), mask) - 0.5), `lag ${lag}`).toBeLessThan(0.01);
  });
});
