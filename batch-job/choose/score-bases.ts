// Cross-validates a head on the features of several bases, with the same folds for all of them.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { hits } from '../../core/evaluation/predictions.ts';
import { FOLDS } from '../../core/job/recipe/exact-head.ts';
import { present } from '../../core/present.ts';
import { crossValidate } from '../logistic/cross-validate.ts';
import { type Dealt, dealToFolds, filledFolds, NO_FOLD } from '../logistic/deal-to-folds.ts';
import { type FeatureRows, openFeatureProducts } from '../logistic/feature-products.ts';
import { measureScale } from '../logistic/feature-scale.ts';
import { groupLookAlikes } from '../logistic/look-alikes.ts';
import { balancedWeights } from '../training/balance.ts';
import type { HeldOutPictures } from './pick-base.ts';

/** Features by base, of the same pictures in the same order. */
export interface BaseFeatures {
  readonly tables: readonly FeatureRows[];
  readonly items: readonly Pick<DatasetItem, 'classIndex'>[];
  readonly classes: number;
  readonly signal: AbortSignal;
  /** Called after each solution with how many bases are done. */
  readonly onSolved?: (done: number) => void;
}

/** Hits of each base on the pictures that were held out. */
export interface BaseScores {
  readonly hits: readonly Uint8Array[];
  readonly pictures: HeldOutPictures;
}

/** Cross-validates each base with the same folds, in which look-alikes are together. */
export async function scoreBases({
  tables,
  items,
  classes,
  signal,
  onSolved,
}: BaseFeatures): Promise<BaseScores> {
  const labels = Int32Array.from(items, ({ classIndex }) => classIndex);
  const { folds, groups } = await dealFolds(tables, labels, classes);
  const heldOut = filledFolds(folds);
  const scored: Uint8Array[] = [];
  for (const table of tables) {
    const products = await openFeatureProducts(table);
    try {
      const { scores } = await crossValidate({
        problem: {
          ...(await measureScale(table)),
          products,
          labels,
          classes,
          rowWeights: Float32Array.from(balancedWeights(labels, classes)),
        },
        folds,
        heldOut,
        isBalanced: true,
        onSolved: () => signal.throwIfAborted(),
        isOver: () => false,
      });
      scored.push(scores === undefined ? new Uint8Array() : hits(scores.predictions));
    } finally {
      await products.release();
    }
    onSolved?.(scored.length);
  }
  const held = Int32Array.from(labels.keys()).filter((picture) => folds[picture] !== NO_FOLD);
  const of = (values: Int32Array) => held.map((picture) => values[picture] as number);
  return { hits: scored, pictures: { labels: of(labels), classes, groups: of(groups) } };
}

/**
 * The folds of the base that sees most pictures as look-alikes, without seeing nearly all of a class so. Two groupings are not united:
 * chains across them would make one group of a class.
 */
async function dealFolds(
  tables: readonly FeatureRows[],
  labels: Int32Array,
  classes: number,
): Promise<Dealt> {
  let best: { readonly dealt: Dealt; readonly groups: number } | undefined;
  for (const table of tables) {
    const leaders = await groupLookAlikes({ table, labels, classes });
    const dealt = dealToFolds(leaders, labels, { classes, foldCount: FOLDS });
    const groups = new Set(dealt.groups).size;
    if (best === undefined || groups < best.groups) best = { dealt, groups };
  }
  return present(best, 'a base to compare').dealt;
}
