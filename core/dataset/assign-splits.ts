// Assigns the pictures of a dataset to splits: as its folders say, and by content where they say nothing.

import type { SplitFractions } from '../job/record/job.ts';
import { assignGroups, type SplitCounts } from './assign-groups.ts';
import type { DatasetLayout } from './dataset-layout.ts';
import type { Picture } from './drop-duplicates.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES, splitClass, splitPosition } from './split-by-hash.ts';
import { SPLITS, type Split } from './split-folder.ts';
import { pictureId, type SplitMethod } from './split-snapshots.ts';

/**
 * The shares of the training folder's pictures that go to each split. Splits with folders of their own get none of them; the others
 * keep their proportion to the training split.
 */
export function trainingPoolFractions(layout: DatasetLayout, fractions: SplitFractions): SplitFractions {
  const validation = layout.splits?.has('validation') ? 0 : fractions.validation;
  const test = layout.splits?.has('test') ? 0 : fractions.test;
  const total = fractions.train + validation + test;
  return { train: fractions.train / total, validation: validation / total, test: test / total };
}

/** Whether a picture is assigned by content: no folder has put it into validation or test. */
export const isInTrainingPool = ({ split }: Picture): boolean => split === null || split === 'train';

/** What decides the split of each picture. */
export interface AssignSplitsOptions {
  /** For each picture the index of its group's leader, from groupNearDuplicates. */
  readonly leaders: Int32Array;
  /** Shares of the pictures that are assigned by content. */
  readonly fractions: SplitFractions;
  /** Splits of pictures that were assigned before and stay there, by pictureId. */
  readonly fixed: ReadonlyMap<string, Split>;
  readonly method: SplitMethod;
}

/**
 * Assigns every picture to a split, class by class. Near-duplicates of a class go to the same split, or the model would be tested on
 * what it was trained on. Where a class would then have too few groups for all splits, its pictures are assigned one by one.
 *
 * @returns the splits in the order of `pictures`.
 */
export function assignSplits(pictures: readonly Picture[], options: AssignSplitsOptions): Split[] {
  const splits: Split[] = pictures.map((picture) => picture.split ?? 'train');
  const pool = [...pictures.keys()].filter((index) => isInTrainingPool(pictures[index] as Picture));
  for (const indices of groupBy(pool, (index) => (pictures[index] as Picture).label).values()) {
    const assign = options.method === 'quota' ? assignByQuota : assignByThreshold;
    for (const [index, split] of assign(pictures, indices, options)) splits[index] = split;
  }
  return splits;
}

type AssignedPictures = Iterable<readonly [index: number, split: Split]>;

/** The group of each picture: the leader of its near-duplicates, or the picture itself where the class has too few groups. */
function unitsOf(indices: readonly number[], leaders: Int32Array): (index: number) => number {
  const groups = new Set(indices.map((index) => leaders[index] as number));
  return groups.size >= MIN_CLASS_PICTURES ? (index) => leaders[index] as number : (index) => index;
}

function assignByThreshold(
  pictures: readonly Picture[],
  indices: readonly number[],
  { leaders, fractions }: AssignSplitsOptions,
): AssignedPictures {
  const unitOf = unitsOf(indices, leaders);
  const assigned = splitClass(
    indices.map((index) => (pictures[unitOf(index)] as Picture).contentHash),
    fractions,
  );
  return indices.map((index, position) => [index, assigned[position] as Split] as const);
}

/** The split of a group whose pictures were in several: a near-duplicate of a training picture is for training, whatever the quotas. */
const STRICTEST_FIRST = ['train', 'validation', 'test'] as const satisfies readonly Split[];

function assignByQuota(
  pictures: readonly Picture[],
  indices: readonly number[],
  { leaders, fractions, fixed }: AssignSplitsOptions,
): AssignedPictures {
  const assigned = new Map<number, Split>();
  const fixedSplit = (index: number) => fixed.get(pictureId((pictures[index] as Picture).contentHash));
  const open: { readonly leader: number; readonly members: readonly number[] }[] = [];
  for (const [leader, members] of groupBy(indices, unitsOf(indices, leaders))) {
    const known = new Set(members.map(fixedSplit));
    const split = STRICTEST_FIRST.find((candidate) => known.has(candidate));
    if (split === undefined) open.push({ leader, members });
    else for (const index of members) assigned.set(index, fixedSplit(index) ?? split);
  }
  const counts = countSplits(assigned.values());
  const groups = open.map(({ leader, members }) => ({
    position: splitPosition((pictures[leader] as Picture).contentHash),
    size: members.length,
  }));
  for (const [position, split] of assignGroups(groups, fractions, counts).entries())
    for (const index of open[position]?.members ?? []) assigned.set(index, split);
  return assigned;
}

/** Counts the pictures of each split. */
export function countSplits(splits: Iterable<Split>): SplitCounts {
  const counts = Object.fromEntries(SPLITS.map((split) => [split, 0])) as Record<Split, number>;
  for (const split of splits) counts[split]++;
  return counts;
}
