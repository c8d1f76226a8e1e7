// Settings of the stages of training as data, and how a request's hyperparameters bear on them.

import type { Hyperparameters } from '../../core/job/recipe/hyperparameters.ts';
import type { Recipe } from '../../core/job/recipe/recipe.ts';
import { STAGE_LENGTHS, type StageLength, type StageName } from '../../core/job/recipe/stage-lengths.ts';
import type { OptimizerOptions } from '../tensorflow/engine/engine.ts';
import { learningRate } from './learning-rate.ts';

export interface StageDefaults extends StageLength {
  readonly optimizer: OptimizerOptions;
  /** The highest. */
  readonly learningRate: number;
  /** `cosine`: rises over a share of the steps, then falls to 0. `inverse-time`: falls from the first step on. */
  readonly schedule:
    | { readonly type: 'cosine'; readonly warmUp: number }
    | { readonly type: 'inverse-time'; readonly decay: number };
  /** The first layer's learning rate, as a share of the last one's; the same where it is left out. */
  readonly firstLayerRate?: number;
  /** Early stopping: the stage ends after so many epochs without a lower validation loss. */
  readonly patience?: number;
  /** Decay of the exponential moving average (EMA) of the weights, which is what the stage makes. */
  readonly emaDecay?: number;
}

/** A dense layer on cached features. Twice the rate answers no better on pictures from elsewhere, and is surer of it. */
const HEAD: StageDefaults = {
  ...STAGE_LENGTHS.default.head,
  optimizer: { type: 'adam' },
  learningRate: 1e-3,
  schedule: { type: 'cosine', warmUp: 0 },
};

/** The pretrained layers too, in steps so small that they keep what they know. */
const FULL: StageDefaults = {
  ...STAGE_LENGTHS.default.full,
  // On moving statistics a layer's gradient has no bound, and single batches have thrown whole networks off.
  optimizer: { type: 'adam', clipNorm: 1 },
  learningRate: 2e-4,
  schedule: { type: 'cosine', warmUp: 0.1 },
  // On mixed pictures the loss falls late, as the learning rate does.
  patience: 12,
  emaDecay: 0.98,
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

export const STAGE_DEFAULTS: Readonly<Record<Recipe['preset'], Readonly<Record<StageName, StageDefaults>>>> =
  {
    default: { head: HEAD, full: FULL, scratch: SCRATCH },
    course: { head: COURSE_HEAD, full: COURSE_FULL, scratch: SCRATCH },
  };

/** A stage's recipe with every number in it. */
export interface StageSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** The highest. */
  readonly peak: number;
  /** Learning rate of an optimizer step, counted from 0. */
  readonly learningRate: (step: number, steps: number) => number;
  readonly firstLayerRate: number;
  readonly patience: number | undefined;
  readonly emaDecay: number | undefined;
}

/** The recipe with what the request sets in the place of what it leaves to `auto`. */
export function resolveStage(recipe: StageDefaults, asked: Hyperparameters, examples: number): StageSettings {
  const multiplier = asked.learning_rate_multiplier === 'auto' ? 1 : asked.learning_rate_multiplier;
  const peak = recipe.learningRate * multiplier;
  const { schedule } = recipe;
  return {
    epochs: asked.n_epochs === 'auto' ? recipe.epochs(examples) : asked.n_epochs,
    batchSize: Math.min(examples, asked.batch_size === 'auto' ? recipe.batchSize : asked.batch_size),
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
    emaDecay: recipe.emaDecay,
  };
}
