// Splits for a whole dataset: as its folders say, and by content where they say nothing.

import type { SplitFractions } from '../job/job.ts';
import type { DatasetLayout } from './dataset-layout.ts';
import type { Picture } from './drop-duplicates.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES, splitClass } from './split-by-hash.ts';
import type { Split } from './split-folder.ts';

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

/**
 * The split of every picture, class by class. Pictures of a class that look the same go to the same split, or the test
 * would be of what was learned; where that would leave a class too few for every split, each goes its own way.
 *
 * @param leaders Of each picture the one that stands for it, from groupNearDuplicates.
 * @returns In the order of `pictures`.
 */
export function assignSplits(
  pictures: readonly Picture[],
  leaders: Int32Array,
  layout: DatasetLayout,
  fractions: SplitFractions,
  seed?: number,
): Split[] {
  const poolFractions = trainingPoolFractions(layout, fractions);
  const splits: Split[] = pictures.map((picture) => picture.split ?? 'train');
  const pool = [...pictures.keys()].filter((index) => splits[index] === 'train');
  for (const indices of groupBy(pool, (index) => (pictures[index] as Picture).label).values()) {
    const hashOf = (index: number) => (pictures[index] as Picture).contentHash;
    const grouped = indices.map((index) => hashOf(leaders[index] as number));
    const hasEnough = new Set(grouped).size >= MIN_CLASS_PICTURES;
    const dealt = splitClass(hasEnough ? grouped : indices.map(hashOf), poolFractions, seed);
    for (const [position, index] of indices.entries()) splits[index] = dealt[position] as Split;
  }
  return splits;
}
