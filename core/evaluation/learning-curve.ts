// What more pictures of a class would gain, from the mistakes of models that had all pictures and of models that had a part of them.

import { bootstrap, type Estimate } from './bootstrap.ts';
import { type GroupTally, tallyGroups } from './group-scores.ts';
import { hits, type Predictions } from './predictions.ts';

/** Answers of models that were trained on a part of the groups. */
export interface SmallerPredictions {
  readonly predictions: Predictions;
  /** Which part, between 0 and 1. */
  readonly share: number;
}

/** Groups of look-alikes from which the mistakes of a class are known well enough to say what more pictures would gain. */
export const LEAST_GROUPS = 5;

/** Examples that no model of {@link gainsOfMore} has seen, in groups of look-alikes. */
export interface CurveExamples {
  readonly predictions: Predictions;
  readonly smaller: SmallerPredictions;
  readonly groups: Int32Array;
}

/** With so many pictures of the mean class, a class's own mistakes count as much as the mean of all classes. */
const PRIOR_EXAMPLES = 10;
/** Faster than 1 / n, mistakes fall by chance alone. */
const MAX_EXPONENT = 1;

/**
 * Estimates by how much the recall of each class rises with more pictures of it.
 *
 * Errors fall as a power of the number of training pictures (Hestness et al. 2017, "Deep learning scaling is predictable,
 * empirically"). The power is that of the mean error of all classes, between models trained on a part and on all: one class has
 * too few mistakes to tell its own. A class's error is drawn toward the mean, as 10 pictures of the mean class would draw it.
 *
 * @param more how many pictures are added to one class.
 * @returns the gain of recall for each class, 0 to 1, with 95 % intervals of a bootstrap over groups; `undefined` for a class with less than
 * {@link LEAST_GROUPS} groups, of which resamples hardly differ, and for all where models of a part make no more mistakes.
 */
export function gainsOfMore(
  { predictions, smaller, groups }: CurveExamples,
  more: number,
  options: { readonly seed: number },
): (Estimate | undefined)[] {
  const { labels, classes } = predictions;
  const tallies = tallyGroups(labels, groups, [hits(predictions), hits(smaller.predictions)]);
  const pictures = new Float64Array(classes);
  for (const label of labels) pictures[label] = (pictures[label] as number) + 1;
  if (tallies.length === 0) return Array.from(pictures, () => undefined);
  const all = Int32Array.from(tallies.keys());
  const { error, smaller: smallerError } = errorsOf(tallies, all, classes);
  // Where models of a part do as well, nothing says what more pictures would gain.
  if (error > 0 && smallerError <= error) return Array.from(pictures, () => undefined);
  const gains = bootstrap(
    tallies.length,
    (sample) => gainsOf(tallies, sample, { pictures, share: smaller.share, more }),
    options,
  );
  const groupsOf = (index: number) => tallies.filter(({ label }) => label === index).length;
  return gains.map((gain, index) => (groupsOf(index) < LEAST_GROUPS ? undefined : gain));
}

function gainsOf(
  tallies: readonly GroupTally[],
  sample: Int32Array,
  at: { readonly pictures: Float64Array; readonly share: number; readonly more: number },
): number[] {
  const { examples, wrong, error, smaller } = errorsOf(tallies, sample, at.pictures.length);
  const exponent = exponentOf(error, smaller, at.share);
  return Array.from(at.pictures, (pictures, index) => {
    const own =
      ((wrong[index] as number) + PRIOR_EXAMPLES * error) / ((examples[index] as number) + PRIOR_EXAMPLES);
    const gain = own * (1 - (pictures / (pictures + at.more)) ** exponent);
    // No more pictures can be found than are missed.
    return Math.min(gain, (wrong[index] as number) / Math.max(1, examples[index] as number));
  });
}

/** Examples and mistakes of each class, and the mean error of all classes with all pictures and with a part of them. */
function errorsOf(tallies: readonly GroupTally[], sample: Int32Array, classes: number) {
  const examples = new Float64Array(classes);
  const wrong = new Float64Array(classes);
  const wrongSmaller = new Float64Array(classes);
  for (const index of sample) {
    const { label, examples: count, counts } = tallies[index] as GroupTally;
    examples[label] = (examples[label] as number) + count;
    wrong[label] = (wrong[label] as number) + count - (counts[0] as number);
    wrongSmaller[label] = (wrongSmaller[label] as number) + count - (counts[1] as number);
  }
  return { examples, wrong, error: meanShare(wrong, examples), smaller: meanShare(wrongSmaller, examples) };
}

/** The mean of the shares of all classes that have examples. */
function meanShare(counts: Float64Array, examples: Float64Array): number {
  const shares = [...counts].flatMap((count, index) => {
    const all = examples[index] as number;
    return all === 0 ? [] : [count / all];
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** The power with which the error falls, from its value with a share of the pictures and with all of them. */
const exponentOf = (error: number, smaller: number, share: number): number =>
  error === 0 ? 0 : Math.min(MAX_EXPONENT, Math.max(0, Math.log(smaller / error) / -Math.log(share)));
