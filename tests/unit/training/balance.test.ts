import { describe, expect, it } from 'vitest';
import {
  balancedOrder,
  balancingWeights,
  countClasses,
  isImbalanced,
  lossOfUnequal,
} from '../../../batch-job/training/balance.ts';

const LABELS = Int32Array.from([...new Array(40).fill(0), ...new Array(10).fill(1), ...new Array(5).fill(2)]);
const COUNTS = [40, 10, 5];

describe('class balance', () => {
  it('counts the examples of every class, also of those without any', () => {
    expect(countClasses(LABELS, 4)).toEqual([...COUNTS, 0]);
  });

  it('calls classes imbalanced from twice the pictures on', () => {
    expect(isImbalanced([10, 19])).toBe(false);
    expect(isImbalanced([10, 20])).toBe(true);
  });

  it('gives the loss with every class counted alike, where classes are unequal', () => {
    const probabilities = Float32Array.of(0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.8, 0.2);
    const predictions = { probabilities, labels: Int32Array.of(0, 0, 0, 1), classes: 2 };
    const loss = (-Math.log(0.9) - Math.log(0.2)) / 2;
    expect(lossOfUnequal(LABELS, predictions)).toBeCloseTo(loss, 6);
    expect(lossOfUnequal(Int32Array.of(0, 1), predictions)).toBeUndefined();
    expect(lossOfUnequal(LABELS, undefined)).toBeUndefined();
  });

  it('weights classes so that all have the same share, without changing the mean', () => {
    const weights = balancingWeights(COUNTS);
    const shares = COUNTS.map((count, c) => count * (weights[c] as number));
    for (const share of shares) expect(share).toBeCloseTo(55 / 3, 10);
  });

  it('samples every class equally often, and large ones in turns over the epochs', () => {
    const seen = new Set<number>();
    for (let epoch = 1; epoch <= 12; epoch++) {
      const order = balancedOrder(LABELS, 3, 1, epoch);
      const counts = countClasses(
        order.map((index) => LABELS[index] as number),
        3,
      );
      expect(order).toHaveLength(LABELS.length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(order).toEqual(balancedOrder(LABELS, 3, 1, epoch));
      for (const index of order) seen.add(index);
    }
    expect(seen.size).toBe(LABELS.length);
    expect(balancedOrder(LABELS, 3, 1, 1)).not.toEqual(balancedOrder(LABELS, 3, 1, 2));
  });
});
