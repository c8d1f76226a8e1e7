// Explains why a model is missing: a job may still be making it, or may have failed.

import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { isFinal, type JobRecord } from '../../core/job/record/job.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';

/** How many of the newest jobs are searched. */
const JOBS_SEARCHED = 100;

/**
 * A handler for a rejected promise. It adds to a `model-not-found` what the newest job for that model is doing, and
 * throws it again; it throws every other error as it is.
 */
export function explainMissingModel(jobs: JobStore, model: string) {
  return async (error: unknown): Promise<never> => {
    if (!isFoveaError(error, 'model-not-found')) throw error;
    const page = await jobs.list({ limit: JOBS_SEARCHED });
    const job = page.jobs.find((candidate) => candidate.model === model);
    // A model that was made and is missing was deleted or renamed since.
    if (job === undefined || job.status === 'succeeded') throw error;
    throw new FoveaError('model-not-found', `There is no model "${model}" yet. ${describeJob(job)}`, {
      param: 'model',
      details: { ...error.details, job: job.id, job_status: job.status },
    });
  };
}

function describeJob(job: JobRecord): string {
  if (!isFinal(job.status)) {
    const stage = job.progress === null ? '' : `, ${job.progress.stage}`;
    return `Job "${job.id}" that makes it is still ${job.status}${stage}; try again once it has succeeded.`;
  }
  const reason = job.error === null ? '' : `: ${job.error.message}`;
  return `Job "${job.id}" that was to make it has ${job.status === 'cancelled' ? 'been cancelled' : job.status}${reason}`;
}
