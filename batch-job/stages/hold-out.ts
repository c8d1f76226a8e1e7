// The pictures that decide whether the second stage is kept: a fold of look-alikes that the head was cross-validated with. The
// validation split is easier, because near-duplicates alone are kept apart from training there.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { Splits } from '../inspect/splits.ts';
import type { OutOfFoldPictures, Trained } from './run-stage.ts';

/** What the second stage trains on, what decides, and where it starts. */
export interface HoldOut {
  readonly splits: Pick<Splits, 'train' | 'validation'>;
  /** Those of a head that has not seen the pictures held out. */
  readonly weights: NetworkWeights;
  /** The group of look-alikes of each picture held out, where they are known. */
  readonly groups?: Int32Array;
}

/**
 * Holds out the fold that the head's `withoutFold` has not seen. Where the head has not seen the validation split, because the user made
 * it or it compares the trials of a sweep, that is held out instead.
 */
export function holdOut(
  splits: Pick<Splits, 'train' | 'validation'>,
  { weights, outOfFold, withoutFold }: Pick<Trained, 'weights' | 'outOfFold' | 'withoutFold'>,
): HoldOut {
  if (outOfFold === undefined || withoutFold === undefined) return { splits, weights };
  const { items, folds, groups } = outOfFold;
  const isHeld = (_: unknown, index: number) => folds[index] === withoutFold.fold;
  const validation = items.filter(isHeld);
  const held = new Set<DatasetItem>(validation);
  return {
    splits: {
      train: [...splits.train, ...splits.validation].filter((item) => !held.has(item)),
      validation,
    },
    weights: withoutFold.weights,
    groups: groups.filter(isHeld),
  };
}

/** What the trained network says of the pictures held out, as out-of-fold predictions. */
export function toOutOfFold(
  { splits: { validation }, groups }: HoldOut,
  probabilities: Float32Array,
): OutOfFoldPictures | undefined {
  if (groups === undefined) return undefined;
  const classes = probabilities.length / validation.length;
  const labels = Int32Array.from(validation, ({ classIndex }) => classIndex);
  return {
    items: validation,
    predictions: { probabilities, labels, classes },
    groups,
    folds: new Int32Array(validation.length),
    foldCount: 1,
  };
}
