// Assigns the pictures of one class to splits: each split gets its share to the nearest picture, near-duplicates stay together, and
// pictures that were assigned before stay. Knows nothing of files and stores.

import type { SplitFractions } from '../job/record/job.ts';
import { MIN_CLASS_PICTURES } from './split-by-hash.ts';
import { SPLITS, type Split } from './split-folder.ts';

/** Number of pictures in each split. */
export type SplitCounts = Readonly<Record<Split, number>>;

/** Pictures that are assigned to the same split. */
export interface PictureGroup {
  /** A number in [0, 1) from splitPosition. Groups of equal size are assigned in this order. */
  readonly position: number;
  /** Number of pictures, at least 1. */
  readonly size: number;
}

/**
 * Number of pictures that each split should have: its fraction, by the method of largest remainders, which is less than one picture
 * off. Where `hasThree`, a split with a fraction above 0 gets at least one.
 */
export function quotasOf(count: number, fractions: SplitFractions, hasThree: boolean): Record<Split, number> {
  const exact = SPLITS.map((split) => ({ split, share: count * fractions[split] }));
  const quotas = Object.fromEntries(exact.map(({ split, share }) => [split, Math.floor(share)])) as Record<
    Split,
    number
  >;
  const left = count - SPLITS.reduce((sum, split) => sum + quotas[split], 0);
  const byRemainder = exact
    .map(({ split, share }) => ({ split, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { split } of byRemainder.slice(0, left)) quotas[split]++;
  if (!hasThree) return quotas;
  for (const split of SPLITS) {
    if (fractions[split] === 0 || quotas[split] > 0) continue;
    quotas[largest(SPLITS, (other) => quotas[other])]--;
    quotas[split]++;
  }
  return quotas;
}

/**
 * Assigns groups to splits: the largest first, groups of equal size by their position.
 *
 * It guarantees:
 * - the same groups give the same splits, in any order;
 * - where nothing was assigned before, a split exceeds its quota by less than one group; where groups are single pictures, each split
 *   has its quota;
 * - where there are at least three groups, each split with a fraction above 0 has one.
 *
 * @param assigned Numbers of pictures of the class that were assigned before, and stay in their split.
 * @returns the split of each group, in the order of `groups`.
 */
export function assignGroups(
  groups: readonly PictureGroup[],
  fractions: SplitFractions,
  assigned: SplitCounts,
): Split[] {
  const counts = { ...assigned };
  const open = SPLITS.filter((split) => fractions[split] > 0);
  const served = open.filter((split) => counts[split] > 0).length;
  const count =
    groups.reduce((sum, { size }) => sum + size, 0) + SPLITS.reduce((sum, split) => sum + assigned[split], 0);
  const quotas = quotasOf(count, fractions, groups.length + served >= MIN_CLASS_PICTURES);
  const remaining = (split: Split) => quotas[split] - counts[split];
  const splits = new Array<Split>(groups.length);
  const order = [...groups.keys()].sort((a, b) =>
    compareGroups(groups[a] as PictureGroup, groups[b] as PictureGroup),
  );
  for (const [turn, index] of order.entries()) {
    const { size } = groups[index] as PictureGroup;
    const empty = open.filter((split) => quotas[split] > 0 && counts[split] === 0);
    // The last groups go to splits that have none yet.
    const candidates = empty.length >= groups.length - turn && empty.length > 0 ? empty : open;
    const roomy = candidates.filter((split) => remaining(split) >= size);
    const split =
      roomy.length > 0
        ? largest(
            roomy,
            (candidate) => remaining(candidate) / quotas[candidate],
            (candidate) => quotas[candidate],
          )
        : largest(candidates, remaining);
    counts[split] += size;
    splits[index] = split;
  }
  return splits;
}

const compareGroups = (a: PictureGroup, b: PictureGroup): number =>
  b.size - a.size || a.position - b.position;

/** The split with the largest value of the first measure; of equal ones by the next measure, then the first. */
function largest(splits: readonly Split[], ...measures: readonly ((split: Split) => number)[]): Split {
  return splits.reduce((best, split) => {
    const measure = measures.find((of) => of(split) !== of(best));
    return measure !== undefined && measure(split) > measure(best) ? split : best;
  });
}
