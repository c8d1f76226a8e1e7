// Submits jobs and batches, unless their model or a dataset of theirs is being renamed.

import { refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { type SubmitOptions, submitJob } from '../../core/job/queues/job-queue.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';
import { refuseWhileRenamed } from '../../core/model/change-aliases.ts';
import type { AppDeps } from '../deps/deps.ts';

/**
 * As {@link submitJob}. A rename looks for jobs after it has announced itself, and a job for a rename after it is stored: so of both at the
 * same moment at least one gives way.
 * @throws {FoveaError} `model-in-use`, `dataset-in-use`; as {@link submitJob}.
 */
export const submitForModel = (
  deps: AppDeps,
  job: NewJob,
  options: Omit<SubmitOptions, 'refuse'>,
): Promise<JobRecord> =>
  submitJob(deps, job, {
    ...options,
    async refuse() {
      await refuseWhileRenamed(deps.store, job.model);
      for (const dataset of datasetsOf(job)) await refuseWhileDatasetRenamed(deps.store, dataset);
    },
  });

const datasetsOf = ({ dataset, prediction }: NewJob): readonly string[] =>
  prediction === undefined ? [dataset] : (prediction.datasets ?? []);
