// How far a training run has come, as plain data: enough to go on as if it had not been interrupted.

import type { TrainerState } from '../tensorflow/engine/engine.ts';

export interface EpochReport {
  /** From 1; 0 for the scores before the first epoch. */
  readonly epoch: number;
  readonly epochs: number;
  /** Optimizer steps so far. */
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

/** Sums over the examples of the running epoch. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly seen: number;
}

export interface BestEpoch {
  /** 0: the weights that training began with. */
  readonly epoch: number;
  readonly validationLoss: number | null;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

export interface FitState {
  /** The running epoch, from 1. */
  readonly epoch: number;
  /** Batches of it that are done. */
  readonly batch: number;
  readonly sums: EpochSums;
  /** Finished epochs, oldest first. */
  readonly history: readonly EpochReport[];
  /** What the run began with, where it is to be blended with what the run comes to; its loss is null without validation. */
  readonly first?: BestEpoch | undefined;
  readonly best: BestEpoch | undefined;
  /** Whether nothing is left to do but to take the best weights. */
  readonly isFinished: boolean;
  readonly trainer: TrainerState;
}

export const NO_SUMS: EpochSums = { loss: 0, correct: 0, seen: 0 };
