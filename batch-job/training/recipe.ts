// Training settings as data, and how a request's hyperparameters bear on them.

import type { Hyperparameters } from '../../core/job/job.ts';
import type { OptimizerOptions } from '../tensorflow/engine.ts';

export interface Recipe {
  /** Epochs for a number of training examples. */
  readonly epochs: (examples: number) => number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** Reached after the warm-up; a cosine takes it to 0 over the rest of the run. */
  readonly learningRate: number;
  /** Share of the steps in which the learning rate rises. */
  readonly warmUp: number;
}

/** A dense layer on cached features: an epoch takes milliseconds, so it runs until it has converged. */
export const HEAD_RECIPE: Recipe = {
  epochs: () => 60,
  batchSize: 32,
  optimizer: { type: 'adam' },
  learningRate: 2e-3,
  warmUp: 0,
};

/** Pictures that a small network wants to have seen before it has learned what it can from a few hundred. */
const SCRATCH_PICTURES = 10_000;
const MIN_SCRATCH_EPOCHS = 8;
const MAX_SCRATCH_EPOCHS = 30;

/** A small network from random weights. */
export const SCRATCH_RECIPE: Recipe = {
  epochs: (examples) =>
    Math.min(MAX_SCRATCH_EPOCHS, Math.max(MIN_SCRATCH_EPOCHS, Math.round(SCRATCH_PICTURES / examples))),
  batchSize: 16,
  optimizer: { type: 'adam' },
  learningRate: 3e-3,
  warmUp: 0.03,
};

export interface ResolvedRecipe {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** Learning rate of an optimizer step, counted from 0. */
  readonly learningRate: (step: number, steps: number) => number;
}

/** The recipe with what the request sets in the place of what it leaves to `auto`. */
export function resolveRecipe(recipe: Recipe, asked: Hyperparameters, examples: number): ResolvedRecipe {
  const multiplier = asked.learning_rate_multiplier === 'auto' ? 1 : asked.learning_rate_multiplier;
  const peak = recipe.learningRate * multiplier;
  return {
    epochs: asked.n_epochs === 'auto' ? recipe.epochs(examples) : asked.n_epochs,
    batchSize: Math.min(examples, asked.batch_size === 'auto' ? recipe.batchSize : asked.batch_size),
    optimizer: recipe.optimizer,
    learningRate: (step, steps) => {
      const rising = Math.round(recipe.warmUp * steps);
      if (step < rising) return (peak * (step + 1)) / (rising + 1);
      // Cosine decay (Loshchilov and Hutter, 2017), without restarts.
      return (peak / 2) * (1 + Math.cos((Math.PI * (step - rising)) / (steps - rising)));
    },
  };
}
