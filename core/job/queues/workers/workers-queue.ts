// The driver of the queue port for workers. The job's record and its open-jobs key are all that workers need, so that submitting one
// only looks who may take it; knows nothing of how workers take jobs.

import type { JobRecord } from '../../record/job.ts';
import type { JobQueue } from '../job-queue.ts';
import { fits, lackOf } from './fits.ts';
import type { SeenWorker, WorkerRecords } from './worker-records.ts';

/** The workers of the store. */
export interface WorkersQueueDeps {
  readonly workers: Pick<WorkerRecords, 'list'>;
}

/** A queue whose jobs wait in the store until a worker takes them. */
export const createWorkersQueue = ({ workers }: WorkersQueueDeps): JobQueue => ({
  submit: async (job) => describeWorkers(job, await workers.list()),
  // The worker's trainer looks at the record, and a job that nobody holds is over with the request.
  cancel: async () => undefined,
});

const isThere = ({ isLost, isStopping }: SeenWorker) => !isLost && !isStopping;

/** The workers that may take a job and have none. */
export const idleFor = (job: Pick<JobRecord, 'backend' | 'workerNeeds'>, workers: readonly SeenWorker[]) =>
  workers.filter((worker) => isThere(worker) && worker.job === null && fits(job, worker.offer));

/** Who may take a job, in a sentence. */
export function describeWorkers(
  job: Pick<JobRecord, 'backend' | 'workerNeeds'>,
  all: readonly SeenWorker[],
): string {
  const workers = all.filter(isThere);
  if (workers.length === 0)
    return 'It waits for a worker, and none is running: start one with `fovea worker --store …`, or in containers with `docker compose up -d`.';
  const able = workers.filter(({ offer }) => fits(job, offer));
  if (able.length === 0) {
    const lacks = workers.map(({ name, offer }) => `"${name}": ${lackOf(job, offer)}`);
    return `It waits for a worker, and none that is running may take it (${lacks.join('; ')}).`;
  }
  const [idle] = idleFor(job, workers);
  return idle === undefined
    ? `It waits for a worker: all ${able.length} that may take it are busy.`
    : `Worker "${idle.name}" is idle and may take it.`;
}
