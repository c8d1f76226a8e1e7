// How far a training run has come, as plain data: enough to resume as if it had not been interrupted.

import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import type { TrainerState } from '../tensorflow/engine/engine.ts';

/** Sums over the examples of the running epoch. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly seen: number;
}

/** Weights at the end of an epoch, and how they did. */
export interface BestEpoch {
  /** 0: the weights that training began with. */
  readonly epoch: number;
  readonly validationLoss: number | null;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** A run at some step. */
export interface FitState {
  /** The running epoch, from 1. */
  readonly epoch: number;
  /** Batches of the running epoch that are done. */
  readonly batch: number;
  readonly sums: EpochSums;
  /** Finished epochs, oldest first. */
  readonly history: readonly EpochReport[];
  /** The first weights, where the run ends with an interpolation; their loss is null without validation. */
  readonly first?: BestEpoch | undefined;
  readonly best: BestEpoch | undefined;
  /** Weights at the ends of other epochs that are compared with the best, oldest first; default: none. */
  readonly kept?: readonly BestEpoch[];
  /** Whether all epochs are done, and only the best weights are left to be taken. */
  readonly isFinished: boolean;
  readonly trainer: TrainerState;
}

/** The sums at the beginning of an epoch. */
export const NO_SUMS: EpochSums = { loss: 0, correct: 0, seen: 0 };
