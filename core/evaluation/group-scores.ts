// Scores of answers on pictures that come in groups of look-alikes, each group left out of training as a whole.

import { bootstrap, type Estimate } from './bootstrap.ts';
import { hits, type Predictions } from './predictions.ts';
import { meanOfShares, toProportion } from './proportion.ts';

/** Scores with intervals in which a group counts as one observation. */
export interface GroupScores {
  readonly accuracy: Estimate;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: Estimate;
}

/**
 * Computes accuracy, with a 95 % interval from a seeded bootstrap over groups, and balanced accuracy, with that of {@link meanOfShares}
 * for as many trials as the classes have groups: resamples of one or two groups would not differ. Where all or no answers are right, the
 * interval of accuracy is Wilson's of as many trials as there are groups.
 *
 * @param groups Examples with the same number are look-alikes; those of a group have one label.
 * @returns `undefined` for no examples.
 */
export function scoreGroups(
  predictions: Predictions,
  groups: Int32Array,
  options: { readonly seed: number },
): GroupScores | undefined {
  const tallies = tallyGroups(predictions.labels, groups, [hits(predictions)]);
  const balancedAccuracy = meanOfShares(recallsOf(tallies, predictions.classes));
  if (balancedAccuracy === undefined) return undefined;
  const right = sumOf(tallies, ({ counts }) => counts[0] as number);
  const same = right === 0 || right === predictions.labels.length;
  const whole = same ? toProportion(right === 0 ? 0 : tallies.length, tallies.length) : undefined;
  if (whole !== undefined) {
    const { value, low, high } = whole;
    return { accuracy: { value, low, high }, balancedAccuracy };
  }
  const [accuracy] = bootstrap(tallies.length, (sample) => [accuracyIn(tallies, sample)], options);
  return { accuracy: accuracy as Estimate, balancedAccuracy };
}

const sumOf = <T>(items: readonly T[], numberOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + numberOf(item), 0);

/** The recall of each class that occurs, with its groups as trials. */
function recallsOf(tallies: readonly GroupTally[], classes: number) {
  return Array.from({ length: classes }, (_, label) => tallies.filter((tally) => tally.label === label))
    .filter((own) => own.length > 0)
    .map((own) => ({
      value: sumOf(own, ({ counts }) => counts[0] as number) / sumOf(own, ({ examples }) => examples),
      trials: own.length,
    }));
}

/** A group of look-alikes: its class, its examples, and how many of them each of several marks has. */
export interface GroupTally {
  readonly label: number;
  readonly examples: number;
  readonly counts: readonly number[];
}

/** Counts the marked examples of each group. @param marks each has 1 or 0 for every example. */
export function tallyGroups(
  labels: Int32Array,
  groups: Int32Array,
  marks: readonly Uint8Array[],
): GroupTally[] {
  const tallies = new Map<number, { label: number; examples: number; counts: number[] }>();
  labels.forEach((label, example) => {
    const group = groups[example] as number;
    const tally = tallies.get(group) ?? { label, examples: 0, counts: marks.map(() => 0) };
    tally.examples++;
    marks.forEach((mark, at) => {
      tally.counts[at] = (tally.counts[at] as number) + (mark[example] as number);
    });
    tallies.set(group, tally);
  });
  return [...tallies.values()];
}

function accuracyIn(tallies: readonly GroupTally[], sample: Int32Array): number {
  let examples = 0;
  let right = 0;
  for (const index of sample) {
    const tally = tallies[index] as GroupTally;
    examples += tally.examples;
    right += tally.counts[0] as number;
  }
  return right / examples;
}
