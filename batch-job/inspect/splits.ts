// The pictures of a dataset by their split.

import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';

/** The pictures of each split, in the order of the inspection. */
export interface Splits {
  readonly train: readonly DatasetItem[];
  readonly validation: readonly DatasetItem[];
  readonly test: readonly DatasetItem[];
}

/** Sorts the pictures of an inspected dataset by their split. */
export function splitsOf({ items }: DatasetInspection): Splits {
  const of = (split: DatasetItem['split']) => items.filter((item) => item.split === split);
  return { train: of('train'), validation: of('validation'), test: of('test') };
}
