// A batch prediction as a job, so that the queues, leases and events of jobs carry it.

import { HyperparametersSchema } from '../job/recipe/hyperparameters.ts';
import { RecipeSchema } from '../job/recipe/recipe.ts';
import type { BatchPrediction } from '../job/record/batch-prediction.ts';
import { SplitFractionsSchema } from '../job/record/job.ts';
import type { NewJob } from '../job/record/job-store.ts';
import type { Manifest } from '../model/manifest.ts';

/** The new job of a batch prediction. What only training knows has its default. */
export const toBatchJob = (
  { model, architecture }: Manifest,
  prediction: BatchPrediction,
  metadata: Readonly<Record<string, string>>,
): NewJob => ({
  architecture,
  dataset: prediction.source.key,
  model,
  seed: 0,
  hyperparameters: HyperparametersSchema.parse({}),
  recipe: RecipeSchema.parse({}),
  sweep: null,
  split: SplitFractionsSchema.parse({}),
  splitSnapshot: null,
  backend: 'auto',
  metadata: { ...metadata },
  maxCostUsd: null,
  prediction,
});
