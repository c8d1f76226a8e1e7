// Scores of answers on pictures that come in groups of look-alikes, each group left out of training as a whole.

import { bootstrap, type Estimate } from './bootstrap.ts';
import { hits, type Predictions } from './predictions.ts';
import { toProportion } from './proportion.ts';

/** Scores with intervals in which a group counts as one observation. */
export interface GroupScores {
  readonly accuracy: Estimate;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: Estimate;
}

/**
 * Computes accuracy and balanced accuracy, with 95 % intervals from a seeded bootstrap over groups. Where all or no answers are right,
 * the interval is Wilson's of as many trials as there are groups.
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
  const right = tallies.reduce((sum, { counts }) => sum + (counts[0] as number), 0);
  const same = right === 0 || right === predictions.labels.length;
  const whole = same ? toProportion(right === 0 ? 0 : tallies.length, tallies.length) : undefined;
  if (predictions.labels.length === 0) return undefined;
  if (whole !== undefined) {
    const { value, low, high } = whole;
    return { accuracy: { value, low, high }, balancedAccuracy: { value, low, high } };
  }
  const { classes } = predictions;
  const [accuracy, balancedAccuracy] = bootstrap(
    tallies.length,
    (sample) => meansOf(tallies, sample, classes),
    options,
  );
  return { accuracy: accuracy as Estimate, balancedAccuracy: balancedAccuracy as Estimate };
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

/** Accuracy, and the mean recall of the classes that occur. */
function meansOf(tallies: readonly GroupTally[], sample: Int32Array, classes: number): [number, number] {
  const examples = new Float64Array(classes);
  const right = new Float64Array(classes);
  for (const index of sample) {
    const { label, examples: count, counts } = tallies[index] as GroupTally;
    examples[label] = (examples[label] as number) + count;
    right[label] = (right[label] as number) + (counts[0] as number);
  }
  const occurring = [...examples.keys()].filter((index) => (examples[index] as number) > 0);
  const recalls = occurring.map((index) => (right[index] as number) / (examples[index] as number));
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  return [sum(right) / sum(examples), sum(recalls) / recalls.length];
}
