// What folds of the pictures have decided on a stage, as plain data: enough to train the same layers again on all pictures.

import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { Interpolated, Tried } from './interpolate-weights.ts';

/** The outcome of a stage that is kept, by the pictures that were held out. */
export interface Verdict extends Pick<Interpolated, 'share'> {
  /** The epoch that training on all pictures ends with; absent in a checkpoint of an earlier version: the last. */
  readonly epoch?: number | undefined;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** What networks that have not seen the pictures held out say of them, `[pictures, classes]`. */
  readonly probabilities: Float32Array;
  /**
   * The weights of the trained layers, interpolated: the model, should there be no time to train again. Absent where several folds have
   * decided, because each of their networks lacks a fold: the head is the model then.
   */
  readonly weights?: NetworkWeights | undefined;
}

/** What the weights that were tried without a fold say of its pictures. */
export interface FoldAnswers {
  /** The fold, as the head's folds are numbered. */
  readonly fold: number;
  readonly tried: readonly Tried[];
}

/** What earlier runs of a stage have come to. The checkpoints of the run after them have it, too. */
export interface Carried {
  /** What folds have decided, for training again on all pictures. */
  readonly verdict?: Verdict | undefined;
  /** The folds that are done, for the run without the next one. */
  readonly folds?: readonly FoldAnswers[] | undefined;
}
