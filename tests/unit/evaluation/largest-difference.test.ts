import { describe, expect, it } from 'vitest';
import { largestDifference } from '../../../core/evaluation/largest-difference.ts';

describe('largestDifference', () => {
  it('is that of the pair furthest apart', () => {
    expect(largestDifference([0.1, 0.5, 0.4], Float64Array.of(0.1, 0.25, 0.65))).toBeCloseTo(0.25, 12);
    expect(largestDifference([], [])).toBe(0);
  });

  it.each([
    ['first', [Number.NaN, 0, 0]],
    ['in the middle', [0, Number.NaN, 0]],
    ['last', [0, 0, Number.NaN]],
  ])('is beyond every bound where a value is no number: %s', (_, values) => {
    expect(largestDifference(values, [0, 0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference([0, 0, 0], values)).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference(values, values)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is beyond every bound where one list is longer', () => {
    expect(largestDifference([0], [0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference([0, 0], [0])).toBe(Number.POSITIVE_INFINITY);
  });

  it('of two equal infinities is no number either', () => {
    expect(largestDifference([Infinity], [Infinity])).toBe(Number.POSITIVE_INFINITY);
  });
});
