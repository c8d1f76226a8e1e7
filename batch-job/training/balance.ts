// Class imbalance: class weights on the loss, or balanced sampling.

import type { Predictions } from '../../core/evaluation/predictions.ts';
import { balancedCrossEntropy } from '../../core/evaluation/probability-losses.ts';
import { deriveSeed, permutation } from '../../core/random.ts';

/** Ratio of the largest class to the smallest from which on `auto` does something about it. */
const AUTO_RATIO = 2;
const STREAM = 0x62616c;

/** Number of examples of each class, by class index. */
export function countClasses(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Ratio of the largest class to the smallest; Infinity where a class has no examples. */
export const imbalanceOf = (counts: readonly number[]): number => Math.max(...counts) / Math.min(...counts);

/** Whether classes are so unequal that `auto` does something about it. */
export const isImbalanced = (counts: readonly number[]): boolean => imbalanceOf(counts) >= AUTO_RATIO;

/** The loss of predictions with every class counted alike, where the classes of the training are unequal; undefined elsewhere. */
export const lossOfUnequal = (
  trained: Int32Array,
  predictions: Predictions | undefined,
): number | undefined =>
  predictions === undefined || !isImbalanced(countClasses(trained, predictions.classes))
    ? undefined
    : balancedCrossEntropy(predictions);

/**
 * Class weights by which every class has the same share in the loss; their mean over the examples is 1. A class without
 * examples has weight 1.
 */
export function balancingWeights(counts: readonly number[]): number[] {
  const present = counts.filter((count) => count > 0).length;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (count === 0 ? 1 : total / (present * count)));
}

/** The weight of each example by which every class has the same share; see {@link balancingWeights}. */
export function balancedWeights(labels: Int32Array, classes: number): Float64Array {
  const weights = balancingWeights(countClasses(labels, classes));
  return Float64Array.from(labels, (label) => weights[label] as number);
}

/**
 * Balanced sampling: the examples of an epoch by their indices, as many as there are, every class in equal share. Those of
 * small classes come several times, those of large ones take turns over the epochs. Depends on its arguments alone.
 */
export function balancedOrder(labels: Int32Array, classes: number, seed: number, epoch: number): Int32Array {
  const stream = deriveSeed(seed, STREAM, epoch);
  const members = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, index) => {
    members[label]?.push(index);
  });
  const present = members.filter((indices) => indices.length > 0);
  const chosen = present.flatMap((indices, k) => {
    const from = Math.floor((k * labels.length) / present.length);
    const count = Math.floor(((k + 1) * labels.length) / present.length) - from;
    const order = permutation(indices.length, deriveSeed(stream, k));
    return Array.from({ length: count }, (_, i) => indices[order[i % order.length] as number] as number);
  });
  return permutation(chosen.length, stream).map((position) => chosen[position] as number);
}
