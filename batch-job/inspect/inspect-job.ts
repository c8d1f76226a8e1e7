// Finds what a job is about, before anything is decided or trained: the base that it fine-tunes, and the pictures of its
// dataset. Jobs that cannot be trained are refused here.

import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { checkTrainableLayers } from '../../core/job/recipe/check-trainable-layers.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { type Base, findBase } from '../base/base.ts';
import { type Splits, splitsOf } from './splits.ts';
import { type ValidateDatasetDeps, validateDataset } from './validate-dataset.ts';

/** A job's base and pictures. */
export interface InspectedJob {
  readonly base: Base;
  readonly inspection: DatasetInspection;
  readonly splits: Splits;
}

/**
 * Finds a job's base and inspects its dataset.
 * @param known The inspection, where it was made before.
 * @throws {FoveaError} `architecture-unknown`, `backbone-not-found`, `dataset-invalid`, `sweep-without-validation`, and
 * what {@link checkTrainableLayers} refuses.
 */
export async function inspectJob(
  deps: ValidateDatasetDeps,
  job: JobRecord,
  known?: DatasetInspection,
): Promise<InspectedJob> {
  const base = await findBase(deps.store, job.architecture);
  checkTrainableLayers(job);
  const inspection = known ?? (await validateDataset(deps, job, base.defaultInputSize));
  const splits = splitsOf(inspection);
  if (job.sweep !== null && splits.validation.length === 0) {
    throw new FoveaError(
      'sweep-without-validation',
      'A sweep chooses by the validation split, which has no pictures. Set split.validation above 0, or omit sweep.',
      { param: 'sweep' },
    );
  }
  return { base, inspection, splits };
}
