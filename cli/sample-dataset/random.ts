// Makes reproducible random numbers for drawing; not for secrets.

import { uniformAt } from '../../core/random.ts';

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** The random numbers of a seed, one after another. */
export function createRandom(seed: number): Random {
  let index = 0;
  return () => uniformAt(seed, index++);
}

/** A number in [low, high). */
export const between = (random: Random, low: number, high: number): number => low + (high - low) * random();

/** A number of the standard normal distribution, by the method of Box and Muller (1958). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
