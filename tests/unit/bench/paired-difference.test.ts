import { expect, test } from 'vitest';
import { pairedDifference } from '../../../bench/learn/compare.ts';
import type { Result } from '../../../bench/learn/results.ts';

const run = (seed: number, mistakes: string[]) => ({ seed, mistakes, pictures: 4 }) as unknown as Result;

test('arms are compared picture by picture, over the seeds that both have', () => {
  const arm = [run(1, ['a']), run(2, ['a']), run(3, [])];
  const other = [run(1, ['a', 'b', 'c']), run(2, ['b', 'd'])];
  // Seed 1: 3 right instead of 1. Seed 2: 3 instead of 2. By picture: a −1, b +2, c +1, d +1.
  expect(pairedDifference(arm, other)).toEqual({ mean: 3 / 8, standardError: Math.sqrt(7) / 8, seeds: 2 });
  expect(pairedDifference(arm, [run(4, [])])).toBeUndefined();
});
