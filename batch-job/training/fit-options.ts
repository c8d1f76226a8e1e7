// What a run of the training loop is given, reports and ends with.

import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { ExampleBatch, ExampleSource, PixelBatch } from '../examples/example-source.ts';
import type { Batch } from '../tensorflow/engine/engine.ts';
import type { BestEpoch, FitState } from './fit-state.ts';
import type { Interpolation, Tried } from './interpolate-weights.ts';
import type { Gain } from './surest-gain.ts';

/** Where a run stands after an optimizer step. */
export interface StepReport {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Optimizer steps so far. */
  readonly step: number;
  /** Optimizer steps of all epochs. */
  readonly steps: number;
  /** Means over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** What a run of the training loop is given. */
export interface FitOptions {
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of an optimizer step, counted from 0. */
  readonly learningRate: (step: number, steps: number) => number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly onStep: (report: StepReport) => void;
  readonly onEpoch: (report: EpochReport) => Promise<void>;
  /** Examples of an epoch in their order, always equally many; by default all of them, shuffled anew for each epoch. */
  readonly order?: (epoch: number) => Int32Array;
  /** Whether the last batch of an epoch is filled with the first examples of the epoch; by default it is smaller. */
  readonly fillsBatches?: boolean;
  /** Changes a batch before the trainer sees it, e.g. mixes its pictures. `index` is the batch's in its epoch, from 0. */
  readonly transform?: (batch: ExampleBatch | PixelBatch, epoch: number, index: number) => Batch;
  /** Whether the trainer takes pixels, from which it makes augmented views and preprocessed values. */
  readonly asPixels?: boolean;
  /** Early stopping: the run ends after so many epochs without a lower validation loss; by default it does not. */
  readonly patience?: number;
  /** Asked after every step: true ends the run as if the running epoch were its last, with the best weights so far. */
  readonly isOver?: () => boolean;
  /** Ends with the best interpolation of the first weights and those of the best epoch, see interpolate-weights.ts. */
  readonly interpolatesWithFirst?: boolean;
  /** Epochs whose weights are interpolated and compared, too; default: none. */
  readonly keepsEpochs?: readonly number[];
  /** The run ends after this epoch, on the schedule of all; default: after the last. */
  readonly lastEpoch?: number;
  /** What is done to interpolated weights before they are scored, e.g. the head is solved on their features; default: nothing. */
  readonly settle?: (weights: NetworkWeights) => Promise<NetworkWeights>;
  /** Whether the weights of the last epoch are taken, whatever their validation loss; default: those of the epoch with the lowest. */
  readonly takesLast?: boolean;
  /** The group of look-alikes of each validation example: what tells how sure a gain is. */
  readonly validationGroups?: Int32Array;
  /** How much each validation example counts in a gain, where classes are unequal; default: all the same. */
  readonly validationWeights?: Float64Array;
  /** Whether the result has what the weights that are kept say of the validation examples; default: only with groups. */
  readonly predictsValidation?: boolean;
  /** Where an earlier run of the same settings stopped; this one resumes there. */
  readonly resume?: FitState;
  readonly checkpoint?: {
    /** Called after every epoch, and between two steps after an abort for which `savesOnAbort` is true. */
    readonly save: (state: FitState) => Promise<void>;
    readonly savesOnAbort: (reason: unknown) => boolean;
  };
}

/** What a run ends with. */
export interface FitResult {
  /** The epoch with the lowest validation loss; the last with `takesLast`. */
  readonly best: BestEpoch;
  /** The weights that the trainer is left with. */
  readonly interpolation: Interpolation;
  /** Finished epochs, oldest first. */
  readonly history: readonly EpochReport[];
  /** The loss of the weights that the trainer is left with; null where there is nothing to validate on. */
  readonly validationLoss: number | null;
  /** Their accuracy; null where there is nothing to validate on. */
  readonly validationAccuracy: number | null;
  /** Where the run interpolates with the first weights: what the trained ones gain on validation. */
  readonly gain?: Gain;
  /** Where the run interpolates with the first weights: all that were compared, the first weights before the others. */
  readonly tried?: readonly Tried[];
  /** Where it is wanted: what the weights that the trainer is left with say of the validation examples, `[examples, classes]`. */
  readonly probabilities?: Float32Array;
}
