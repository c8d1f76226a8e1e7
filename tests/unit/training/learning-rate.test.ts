import { describe, expect, test } from 'vitest';
import { learningRate } from '../../../batch-job/decide/learning-rate.ts';

describe('learning rates', () => {
  test('a constant stays', () => {
    const rate = learningRate({ type: 'constant', rate: 0.1 });
    expect([0, 1, 1000].map(rate)).toEqual([0.1, 0.1, 0.1]);
  });

  test('inverse-time decay is the rate over 1 plus decay times update', () => {
    const rate = learningRate({ type: 'inverse-time', rate: 0.01, decay: 1e-3 });
    expect(rate(0)).toBe(0.01);
    expect(rate(1000)).toBeCloseTo(0.005, 12);
  });

  test('a cosine starts at the rate, is half way in the middle, and ends and stays at the final rate', () => {
    const rate = learningRate({ type: 'cosine', rate: 0.2, updates: 100, final: 0.02 });
    expect([0, 50, 100, 150].map((update) => rate(update).toFixed(6))).toEqual([
      '0.200000',
      '0.110000',
      '0.020000',
      '0.020000',
    ]);
  });

  test('a warm-up rises in equal steps to the start of the schedule', () => {
    const rate = learningRate({ type: 'cosine', rate: 0.4, updates: 10 }, { updates: 3 });
    expect([0, 1, 2, 3].map((update) => Number(rate(update).toFixed(6)))).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(rate(13)).toBeCloseTo(0, 12);
  });
});
