// The settings of the stages of training as data, and how a request's hyperparameters change them.

import type { Hyperparameters } from '../../core/job/recipe/hyperparameters.ts';
import type { Recipe, TrainingPrecision } from '../../core/job/recipe/recipe.ts';
import { STAGE_LENGTHS, type StageLength, type StageName } from '../../core/job/recipe/stage-lengths.ts';
import type { OptimizerOptions } from '../tensorflow/engine/engine.ts';
import { learningRate } from './learning-rate.ts';

/** The settings of a stage where the request leaves them to `auto`. */
export interface StageDefaults extends StageLength {
  readonly optimizer: OptimizerOptions;
  /** The highest rate of the schedule. */
  readonly learningRate: number;
  /** `cosine` rises over the share `warmUp` of the steps, then falls to 0. `inverse-time` falls from the first step on. */
  readonly schedule:
    | { readonly type: 'cosine'; readonly warmUp: number }
    | { readonly type: 'inverse-time'; readonly decay: number };
  /**
   * The learning rate of the network's first layer, as a share of the last layer's; default: 1. A layer has the same rate where layers
   * below it are frozen.
   */
  readonly firstLayerRate?: number;
  /** Early stopping: the stage ends after so many epochs without a lower validation loss. */
  readonly patience?: number;
  /** Decay of the exponential moving average (EMA) of the weights; its average is what the stage ends with. */
  readonly emaDecay?: number;
  /** Share of a label given to all classes alike; default: 0. */
  readonly labelSmoothing?: number;
}

/** A dense layer on cached features. Twice the rate is no more accurate on pictures from elsewhere, and overconfident. */
const HEAD: StageDefaults = {
  ...STAGE_LENGTHS.default.head,
  optimizer: { type: 'adam' },
  learningRate: 1e-3,
  schedule: { type: 'cosine', warmUp: 0 },
};

/** The pretrained layers too, in steps that are small enough to keep what they have learned. */
const FULL: StageDefaults = {
  ...STAGE_LENGTHS.default.full,
  // With moving statistics, gradients of batch normalization are unbounded, and single batches have ruined networks.
  optimizer: { type: 'adamw', weightDecay: 0.05, clipNorm: 1, decays: (weight) => weight.endsWith('kernel') },
  learningRate: 3e-4,
  schedule: { type: 'cosine', warmUp: 0.1 },
  // A tenth less from block to block of a network that has some twenty.
  firstLayerRate: 0.15,
  patience: 8,
  emaDecay: 0.98,
  labelSmoothing: 0.1,
};

/** A small network from random weights. */
const SCRATCH: StageDefaults = {
  ...STAGE_LENGTHS.default.scratch,
  optimizer: { type: 'adam' },
  learningRate: 3e-3,
  schedule: { type: 'cosine', warmUp: 0.03 },
};

/** As taught in chapter 14 of Géron's Hands-On Machine Learning. */
const COURSE_HEAD: StageDefaults = {
  ...STAGE_LENGTHS.course.head,
  optimizer: { type: 'sgd', momentum: 0.9 },
  learningRate: 0.2,
  schedule: { type: 'inverse-time', decay: 0.01 },
};

const COURSE_FULL: StageDefaults = {
  ...STAGE_LENGTHS.course.full,
  optimizer: { type: 'sgd', momentum: 0.9, nesterov: true },
  learningRate: 0.01,
  schedule: { type: 'inverse-time', decay: 0.001 },
};

/** The settings of every stage, by preset. */
export const STAGE_DEFAULTS: Readonly<Record<Recipe['preset'], Readonly<Record<StageName, StageDefaults>>>> =
  {
    default: { head: HEAD, full: FULL, scratch: SCRATCH },
    course: { head: COURSE_HEAD, full: COURSE_FULL, scratch: SCRATCH },
  };

/** The settings of a stage with every number resolved. */
export interface StageSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** The highest learning rate of the schedule. */
  readonly peak: number;
  /** Learning rate of an optimizer step, counted from 0, of `steps` in the stage. */
  readonly learningRate: (step: number, steps: number) => number;
  readonly firstLayerRate: number;
  readonly patience: number | undefined;
  readonly emaDecay: number | undefined;
  readonly labelSmoothing: number | undefined;
  readonly precision: TrainingPrecision;
  /** Whether the layers are trained again on all pictures, once a fold has decided on them. */
  readonly retrains: boolean;
  /** Folds that decide on the stage, each by a training without it. */
  readonly folds: number;
}

/** What a stage depends on beside the request. */
export interface StageSituation {
  /** Pictures of the training split; a batch has at most so many. */
  readonly examples: number;
  /** Pictures of a batch where the request says `auto`; by default those of the recipe. */
  readonly batchSize?: number | undefined;
  /** Number of epochs, e.g. those that time allows; by default what the request and the recipe say. */
  readonly epochs?: number | undefined;
  /** Default: `float32`. */
  readonly precision?: TrainingPrecision;
  /** Default: no. */
  readonly retrains?: boolean;
}

/** Number of epochs of a stage. */
export const epochsOf = (
  recipe: StageLength,
  { n_epochs }: Pick<Hyperparameters, 'n_epochs'>,
  examples: number,
): number => (n_epochs === 'auto' ? recipe.epochs(examples) : n_epochs);

/**
 * The settings of a stage: those of the request, and the defaults where it says `auto`.
 *
 * A batch that is k times the recipe's has the square root of k times its learning rate (Malladi et al. 2022, "On the SDEs and
 * scaling rules for adaptive gradient algorithms"), and an EMA over as many pictures: its decay to the power of k (Busbridge et al.
 * 2023, "How to scale your EMA"). A batch that the request sets changes neither, so that both can be set apart.
 */
export function resolveStage(
  recipe: StageDefaults,
  asked: Hyperparameters,
  {
    examples,
    batchSize = recipe.batchSize,
    epochs = epochsOf(recipe, asked, examples),
    precision = 'float32',
    retrains = false,
  }: StageSituation,
): StageSettings {
  const multiplier = asked.learning_rate_multiplier === 'auto' ? 1 : asked.learning_rate_multiplier;
  const growth = asked.batch_size === 'auto' ? Math.max(1, batchSize / recipe.batchSize) : 1;
  const peak = recipe.learningRate * multiplier * Math.sqrt(growth);
  const { schedule, emaDecay } = recipe;
  return {
    epochs,
    batchSize: Math.min(examples, asked.batch_size === 'auto' ? batchSize : asked.batch_size),
    optimizer: recipe.optimizer,
    peak,
    learningRate: (step, steps) => {
      if (schedule.type === 'inverse-time') {
        return learningRate({ type: 'inverse-time', rate: peak, decay: schedule.decay })(step);
      }
      const rising = Math.round(schedule.warmUp * steps);
      return learningRate(
        { type: 'cosine', rate: peak, updates: Math.max(1, steps - rising) },
        { updates: rising },
      )(step);
    },
    firstLayerRate: recipe.firstLayerRate ?? 1,
    patience: recipe.patience,
    emaDecay: emaDecay === undefined ? undefined : emaDecay ** growth,
    labelSmoothing: recipe.labelSmoothing,
    precision,
    retrains,
    folds: 1,
  };
}
