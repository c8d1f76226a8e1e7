// Predictions of pictures by models that have not seen them: what cross-validation leaves behind. Knows neither pictures nor models.

import type { SmallerPredictions } from './learning-curve.ts';
import type { Predictions } from './predictions.ts';

/**
 * Out-of-fold predictions. Each example was predicted by a model that was trained without its fold. Look-alikes are in one fold, so
 * that the model has not seen them either.
 */
export interface OutOfFold {
  /** Probabilities `[examples, classes]` by the model that has not seen the example's fold. */
  readonly predictions: Predictions;
  /** For each example, the number of its group of look-alikes; groups are in one fold each. */
  readonly groups: Int32Array;
  /** The fold of each example, from 0. */
  readonly folds: Int32Array;
  /** Number of folds that were held out. */
  readonly foldCount: number;
  /** Classes whose examples nearly all look alike, so that look-alikes are in different folds. Default: none. */
  readonly ungrouped?: readonly number[];
  /** What models with a share of the groups say of the same examples, where such models were made. */
  readonly smaller?: SmallerPredictions | undefined;
}
