// The pictures that decide whether the second stage is kept: folds of look-alikes that the head was cross-validated with. The
// validation split is easier, because near-duplicates alone are kept apart from training there.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { present } from '../../core/present.ts';
import type { Splits } from '../inspect/splits.ts';
import type { OutOfFoldPictures, Trained } from './run-stage.ts';

/** What the second stage trains on, what decides, and where it starts. */
export interface HoldOut {
  readonly splits: Pick<Splits, 'train' | 'validation'>;
  /** Those of a head that has not seen the pictures held out. */
  readonly weights: NetworkWeights;
  /** The fold and the group of look-alikes of each picture held out, where it is a fold that is. */
  readonly ofFold?: { readonly fold: number; readonly groups: Int32Array };
}

/** What is held out in turn; at least one. */
export type HoldOuts = readonly [HoldOut, ...HoldOut[]];

/**
 * Holds out folds that heads of `withoutFolds` have not seen, one after another. Where the head has not seen the validation split, because
 * the user made it or it compares the trials of a sweep, that is held out instead.
 * @param most of so many folds, at most.
 */
export function holdOuts(
  splits: Pick<Splits, 'train' | 'validation'>,
  { weights, outOfFold, withoutFolds = [] }: Pick<Trained, 'weights' | 'outOfFold' | 'withoutFolds'>,
  most: number,
): HoldOuts {
  if (outOfFold === undefined) return [{ splits, weights }];
  const { items, folds, groups } = outOfFold;
  const [first, ...others] = withoutFolds.slice(0, most).map((without): HoldOut => {
    const isHeld = (_: unknown, index: number) => folds[index] === without.fold;
    const validation = items.filter(isHeld);
    const held = new Set<DatasetItem>(validation);
    return {
      splits: {
        train: [...splits.train, ...splits.validation].filter((item) => !held.has(item)),
        validation,
      },
      weights: without.weights,
      ofFold: { fold: without.fold, groups: groups.filter(isHeld) },
    };
  });
  return first === undefined ? [{ splits, weights }] : [first, ...others];
}

/** All pictures that are held out, one hold-out after another. */
export const heldItems = (held: readonly HoldOut[]): readonly DatasetItem[] =>
  held.flatMap(({ splits }) => splits.validation);

/** The groups of look-alikes of {@link heldItems}; undefined where they are not known. */
export function heldGroups(held: readonly HoldOut[]): Int32Array | undefined {
  const groups = held.map(({ ofFold }) => ofFold?.groups);
  return groups.includes(undefined)
    ? undefined
    : Int32Array.from(groups.flatMap((own) => [...present(own, 'groups')]));
}

/**
 * What trained networks say of the pictures that were held out from them, as out-of-fold predictions.
 * @param probabilities of {@link heldItems}, `[pictures, classes]`.
 */
export function toOutOfFold(
  held: readonly HoldOut[],
  probabilities: Float32Array,
): OutOfFoldPictures | undefined {
  const groups = heldGroups(held);
  if (groups === undefined) return undefined;
  const items = heldItems(held);
  const labels = Int32Array.from(items, ({ classIndex }) => classIndex);
  return {
    items,
    predictions: { probabilities, labels, classes: probabilities.length / items.length },
    groups,
    folds: Int32Array.from(held.flatMap(({ splits }, index) => splits.validation.map(() => index))),
    foldCount: held.length,
  };
}
