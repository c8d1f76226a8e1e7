// Deals groups of look-alikes to folds, so that a held-out fold has pictures of objects that the others do not know.

import { groupBy } from '../../core/dataset/group-by.ts';
import { FOLDS } from '../../core/job/recipe/exact-head.ts';

/** The fold of a picture that is always trained on. */
export const NO_FOLD = -1;

/** The numbers of the folds that have pictures, ascending. */
export const filledFolds = (folds: Int32Array): readonly number[] =>
  [...Array(FOLDS).keys()].filter((fold) => folds.includes(fold));

/** Folds. */
export interface Dealt {
  /** The fold of each picture, from 0; {@link NO_FOLD} for the only picture of a class. */
  readonly folds: Int32Array;
  /** For each picture, the number of its group; groups are in one fold each. */
  readonly groups: Int32Array;
  /** Classes whose pictures are nearly all look-alikes, and were dealt one by one. */
  readonly ungrouped: readonly number[];
}

/** A group this large a share of its class is taken apart: a model without it would know next to nothing of the class. */
const LARGEST_SHARE = 0.5;

/**
 * Deals groups to folds, each class by itself, the largest group first and always to the fold that has the fewest pictures of the class.
 * @param leaders for each picture, the index of its group's leader.
 */
export function dealToFolds(
  leaders: Int32Array,
  labels: Int32Array,
  { classes, foldCount }: { readonly classes: number; readonly foldCount: number },
): Dealt {
  const folds = new Int32Array(labels.length);
  const groups = leaders.slice();
  const ungrouped: number[] = [];
  const members = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, picture) => {
    members[label]?.push(picture);
  });
  members.forEach((own, label) => {
    let dealt = [...groupBy(own, (picture) => leaders[picture]).values()];
    if (dealt.some(({ length }) => length > LARGEST_SHARE * own.length)) {
      dealt = own.map((picture) => [picture]);
      for (const picture of own) groups[picture] = picture;
      if (own.length > 1) ungrouped.push(label);
    }
    const sizes = new Array<number>(foldCount).fill(0);
    if (own.length === 1) folds[own[0] as number] = NO_FOLD;
    else
      for (const group of dealt.toSorted((a, b) => b.length - a.length)) {
        const fold = smallest(sizes, label);
        for (const picture of group) folds[picture] = fold;
        sizes[fold] = (sizes[fold] ?? 0) + group.length;
      }
  });
  return { folds, groups, ungrouped };
}

/** The fold with the fewest pictures. @param turn the fold that is looked at first, so that no fold gets one more of every class. */
function smallest(sizes: readonly number[], turn: number): number {
  const order = sizes.map((_, i) => (i + turn) % sizes.length);
  return order.reduce((least, fold) => ((sizes[fold] ?? 0) < (sizes[least] ?? 0) ? fold : least));
}
