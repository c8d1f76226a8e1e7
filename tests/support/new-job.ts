// A job as somebody might ask for it.

import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';

/** Valid settings, with `changes` in their place. */
export const newJob = (changes: Partial<NewJob> = {}): NewJob => ({
  architecture: 'small_cnn',
  dataset: 'shapes',
  model: 'shapes',
  seed: 1,
  hyperparameters: { n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' },
  recipe: RecipeSchema.parse({}),
  sweep: null,
  split: { train: 0.75, validation: 0.15, test: 0.1 },
  splitSnapshot: null,
  backend: 'auto',
  metadata: {},
  maxCostUsd: null,
  ...changes,
});
