import { describe, expect, test } from 'vitest';
import { dropoutMask } from '../../../batch-job/tensorflow/dropout-mask.ts';

const COUNT = 100_000;
const keptShare = (mask: Float32Array) => mask.filter((factor) => factor > 0).length / mask.length;

describe('a dropout mask', () => {
  test.each([0.1, 0.25, 0.5, 0.9])('drops a share of %d and scales what it keeps', (rate) => {
    const mask = dropoutMask([1, 2, 3], COUNT, rate);
    // Four standard deviations of a binomial share.
    expect(Math.abs(keptShare(mask) - (1 - rate))).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / COUNT));
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  });

  test('is the same for the same key, and another for another seed, batch or layer', () => {
    const mask = dropoutMask([1, 2, 3], COUNT, 0.5);
    expect(dropoutMask([1, 2, 3], COUNT, 0.5)).toEqual(mask);
    for (const key of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ]) {
      const agreeing = dropoutMask(key, COUNT, 0.5).filter((factor, i) => factor === mask[i]).length / COUNT;
      expect(Math.abs(agreeing - 0.5)).toBeLessThan(0.01);
    }
  });

  test('has no pattern between neighbors', () => {
    const mask = dropoutMask([7, 0, 0], COUNT, 0.5);
    for (const lag of [1, 2, 3, 32, 64, 128]) {
      const equal = mask.subarray(lag).filter((factor, i) => factor === mask[i]).length / (COUNT - lag);
      expect(Math.abs(equal - 0.5), `lag ${lag}`).toBeLessThan(0.01);
    }
  });
});
