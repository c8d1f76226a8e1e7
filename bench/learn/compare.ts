// The results of several seeds as one row, and the difference between two arms.

import type { Result } from './results.ts';

/** A mean over seeds with its standard error. */
export interface Difference {
  /** Mean difference of accuracy: the arm's minus the other's. */
  readonly mean: number;
  /** Its standard error over test pictures. */
  readonly standardError: number;
  /** Number of seeds that both have. */
  readonly seeds: number;
}

/** The mean of numbers. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The paired difference of two arms over the seeds that both have. Each test picture is one case, however many seeds it was tested
 * with: its differences are added up before they are squared, since seeds that share a split share its pictures' luck. The squares
 * are around 0, not around the mean, which makes the error a little larger than it is.
 * @returns undefined where they have no seed in common.
 */
export function pairedDifference(arm: readonly Result[], other: readonly Result[]): Difference | undefined {
  const pairs = arm.flatMap((one) => {
    const twin = other.find(({ seed }) => seed === one.seed);
    return twin === undefined ? [] : [[one, twin] as const];
  });
  if (pairs.length === 0) return undefined;
  const byPicture = new Map<string, number>();
  const add = (pictures: readonly string[], sign: number) => {
    for (const picture of pictures) byPicture.set(picture, (byPicture.get(picture) ?? 0) + sign);
  };
  for (const [one, twin] of pairs) {
    add(one.mistakes, -1);
    add(twin.mistakes, 1);
  }
  const tested = pairs.reduce((sum, [{ pictures }]) => sum + pictures, 0);
  const differences = [...byPicture.values()];
  return {
    mean: differences.reduce((sum, value) => sum + value, 0) / tested,
    standardError: Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0)) / tested,
    seeds: pairs.length,
  };
}
