// Whether a worker may take a job: by what the job asks for, and what the worker's machine has.

import type { JobRecord } from '../../record/job.ts';
import type { WorkerOffer } from './worker-record.ts';

/** What a job says of the machine that it needs. */
export type JobNeeds = Pick<JobRecord, 'backend' | 'workerNeeds'>;

const GIB = 2 ** 30;

/** Why a worker leaves a job to others, as the end of a sentence; undefined where it may take it. */
export function lackOf({ backend, workerNeeds }: JobNeeds, offer: WorkerOffer): string | undefined {
  if (backend !== 'auto' && offer.lacks.includes(backend)) return `it has no back end "${backend}"`;
  if (workerNeeds?.gpu === true && offer.gpu === null) return 'it has no GPU';
  const { moreThanBytes } = workerNeeds ?? {};
  if (moreThanBytes !== undefined && offer.deviceBytes <= moreThanBytes)
    return `${(moreThanBytes / GIB).toFixed(1)} GiB of memory did not suffice, and it has no more`;
  return undefined;
}

/** Whether a worker may take a job. */
export const fits = (job: JobNeeds, offer: WorkerOffer): boolean => lackOf(job, offer) === undefined;
