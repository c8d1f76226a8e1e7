// A sample of the training pictures by which bases are compared, where there are too many of them.

import { groupBy } from '../../core/dataset/group-by.ts';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { MAX_CHOICE_PICTURES } from '../../core/job/recipe/base-choice.ts';

/** All pictures, or a share of each class; which ones depends on their content alone. They stay in order. */
export function samplePictures(
  items: readonly DatasetItem[],
  most: number = MAX_CHOICE_PICTURES,
): readonly DatasetItem[] {
  if (items.length <= most) return items;
  const kept = new Set<DatasetItem>();
  for (const own of groupBy(items, ({ classIndex }) => classIndex).values()) {
    const count = Math.ceil((most * own.length) / items.length);
    const byHash = own.toSorted((a, b) => (a.contentHash < b.contentHash ? -1 : 1));
    for (const item of byHash.slice(0, count)) kept.add(item);
  }
  return items.filter((item) => kept.has(item));
}
