// Splits for a whole dataset: as its folders say, and by content where they say nothing.

import type { SplitFractions } from '../job/record/job.ts';
import type { DatasetLayout } from './dataset-layout.ts';
import { dealGroups, type SplitCounts } from './deal-groups.ts';
import type { Picture } from './drop-duplicates.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES, splitClass, splitPosition } from './split-by-hash.ts';
import { SPLITS, type Split } from './split-folder.ts';
import { type Deal, pictureId } from './split-snapshots.ts';

/**
 * What of the training folder goes where: splits with folders of their own take nothing from it, and the others keep
 * their proportions to the training split.
 */
export function trainingPoolFractions(layout: DatasetLayout, fractions: SplitFractions): SplitFractions {
  const validation = layout.splits?.has('validation') ? 0 : fractions.validation;
  const test = layout.splits?.has('test') ? 0 : fractions.test;
  const total = fractions.train + validation + test;
  return { train: fractions.train / total, validation: validation / total, test: test / total };
}

/** Whether no folder has put it into validation or test. */
export const isDealt = ({ split }: Picture): boolean => split === null || split === 'train';

export interface AssignSplitsOptions {
  /** Of each picture the one that stands for it, from groupNearDuplicates. */
  readonly leaders: Int32Array;
  /** Of the pictures that no folder decides about. */
  readonly fractions: SplitFractions;
  /** What was dealt before and stays, by pictureId. */
  readonly fixed: ReadonlyMap<string, Split>;
  readonly deal: Deal;
}

/**
 * The split of every picture, class by class. Pictures of a class that look the same go to the same split, or the test
 * would be of what was learned; where that would leave a class too few for every split, each goes its own way.
 *
 * @returns In the order of `pictures`.
 */
export function assignSplits(pictures: readonly Picture[], options: AssignSplitsOptions): Split[] {
  const splits: Split[] = pictures.map((picture) => picture.split ?? 'train');
  const pool = [...pictures.keys()].filter((index) => isDealt(pictures[index] as Picture));
  for (const indices of groupBy(pool, (index) => (pictures[index] as Picture).label).values()) {
    const dealt = options.deal === 'quota' ? dealClass : dealByThreshold;
    for (const [index, split] of dealt(pictures, indices, options)) splits[index] = split;
  }
  return splits;
}

type DealtPictures = Iterable<readonly [index: number, split: Split]>;

/** What each picture is taken together with: its look-alikes' leader, or itself where a class would be too few. */
function standInsOf(indices: readonly number[], leaders: Int32Array): (index: number) => number {
  const groups = new Set(indices.map((index) => leaders[index] as number));
  return groups.size >= MIN_CLASS_PICTURES ? (index) => leaders[index] as number : (index) => index;
}

function dealByThreshold(
  pictures: readonly Picture[],
  indices: readonly number[],
  { leaders, fractions }: AssignSplitsOptions,
): DealtPictures {
  const standIn = standInsOf(indices, leaders);
  const dealt = splitClass(
    indices.map((index) => (pictures[standIn(index)] as Picture).contentHash),
    fractions,
  );
  return indices.map((index, position) => [index, dealt[position] as Split] as const);
}

/** A new picture that looks like one that trained trains, whatever the quotas say. */
const STRICTEST_FIRST = ['train', 'validation', 'test'] as const satisfies readonly Split[];

function dealClass(
  pictures: readonly Picture[],
  indices: readonly number[],
  { leaders, fractions, fixed }: AssignSplitsOptions,
): DealtPictures {
  const dealt = new Map<number, Split>();
  const fixedSplit = (index: number) => fixed.get(pictureId((pictures[index] as Picture).contentHash));
  const open: { readonly leader: number; readonly members: readonly number[] }[] = [];
  for (const [leader, members] of groupBy(indices, standInsOf(indices, leaders))) {
    const known = new Set(members.map(fixedSplit));
    const split = STRICTEST_FIRST.find((candidate) => known.has(candidate));
    if (split === undefined) open.push({ leader, members });
    else for (const index of members) dealt.set(index, fixedSplit(index) ?? split);
  }
  const counts = countSplits(dealt.values());
  const groups = open.map(({ leader, members }) => ({
    position: splitPosition((pictures[leader] as Picture).contentHash),
    size: members.length,
  }));
  for (const [position, split] of dealGroups(groups, fractions, counts).entries())
    for (const index of open[position]?.members ?? []) dealt.set(index, split);
  return dealt;
}

export function countSplits(splits: Iterable<Split>): SplitCounts {
  const counts = Object.fromEntries(SPLITS.map((split) => [split, 0])) as Record<Split, number>;
  for (const split of splits) counts[split]++;
  return counts;
}
