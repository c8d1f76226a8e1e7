// Turns a request for a job into a new job: checks the names that it uses, and adds defaults.

import type { CreateJobRequest } from '../../api/create-job.ts';
import { parseBackboneName, toArchitectureName, toBackboneName } from '../../core/backbone/backbone.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { AUTO_BASE } from '../../core/job/recipe/base-choice.ts';
import { HyperparametersSchema } from '../../core/job/recipe/hyperparameters.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';
import { MODEL_NAME_MAX_LENGTH, suggestModelName } from '../../core/model/model-name.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { parseDatasetName } from './dataset-name.ts';

const DATASET_PREFIX = 'datasets/';
const DEFAULT_SEED = 0;

/**
 * The job that a valid request body asks for.
 * @throws {FoveaError} `architecture-unknown`, `backbone-name-invalid`, `dataset-name-invalid`, `request-invalid`.
 */
export function toNewJob(request: CreateJobRequest): NewJob {
  const architecture = findArchitectureForModel(request.model);
  if (request.split_snapshot != null && request.dataset_snapshot != null)
    throw new FoveaError(
      'request-invalid',
      '"dataset_snapshot" and "split_snapshot" were both given. A snapshot of the dataset has its split: omit "split_snapshot".',
      { param: 'split_snapshot' },
    );
  if (architecture === AUTO_BASE) checkOpenBase(request);
  const dataset = parseDatasetName(
    request.training_file.startsWith(DATASET_PREFIX)
      ? request.training_file.slice(DATASET_PREFIX.length)
      : request.training_file,
    'training_file',
  );
  return {
    architecture,
    dataset,
    model: request.suffix ?? defaultModelName(dataset, architecture),
    seed: request.seed ?? DEFAULT_SEED,
    hyperparameters: HyperparametersSchema.parse({
      ...request.hyperparameters,
      ...request.method?.supervised?.hyperparameters,
    }),
    recipe: RecipeSchema.parse(request.recipe ?? {}),
    sweep: request.sweep ?? null,
    split: request.split ?? SplitFractionsSchema.parse({}),
    splitSnapshot: request.split_snapshot ?? null,
    ...(request.dataset_snapshot == null ? {} : { datasetSnapshot: request.dataset_snapshot }),
    backend: request.backend,
    metadata: request.metadata ?? {},
    maxCostUsd: request.max_cost_usd ?? null,
    ...(request.promote === undefined ? {} : { promote: request.promote }),
  };
}

/**
 * The architecture that a request's `model` names. For an imported backbone only its name is checked; the store knows whether it exists.
 * @throws {FoveaError} `backbone-name-invalid`; `architecture-unknown`, at the field in which OpenAI's API names a base model.
 */
function findArchitectureForModel(name: string): string {
  if (name === AUTO_BASE) return name;
  const backbone = toBackboneName(name);
  if (backbone !== undefined) return toArchitectureName(parseBackboneName(backbone, 'model'));
  try {
    return findArchitecture(name).name;
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    throw new FoveaError(error.code, error.message, {
      param: 'model',
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}

/** Refuses what only makes sense of a known base. @throws {FoveaError} `request-invalid`. */
function checkOpenBase({ sweep, recipe }: CreateJobRequest): void {
  const start = recipe?.unfreeze_from ?? 'auto';
  const field = sweep ? 'sweep' : start !== 'auto' && start !== null ? 'recipe.unfreeze_from' : undefined;
  if (field === undefined) return;
  throw new FoveaError(
    'request-invalid',
    `"${field}" needs a base that is known from the start, and "model": "auto" leaves it to the trainer. Name the base, e.g. the one that ` +
      'an earlier job with "auto" chose.',
    { param: field },
  );
}

/** `<dataset>-<architecture>`, with what a model name may not hold replaced. */
function defaultModelName(dataset: string, architecture: string): string {
  const architecturePart = architecture.replaceAll(':', '-');
  const datasetPart = suggestModelName(dataset, 'model', MODEL_NAME_MAX_LENGTH - architecturePart.length - 1);
  return `${datasetPart}-${architecturePart}`;
}
