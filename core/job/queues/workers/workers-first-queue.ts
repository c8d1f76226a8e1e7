// A queue of two drivers: a job waits for a worker that is idle, and goes to AWS Batch where none is. Each decision is an event of the job.

import type { JobRecord, WorkerNeeds } from '../../record/job.ts';
import type { JobStore } from '../../record/job-store.ts';
import type { JobQueue, JobStart } from '../job-queue.ts';
import { fits } from './fits.ts';
import type { WorkerRecords } from './worker-records.ts';
import { idleFor } from './workers-queue.ts';

/** The jobs, the workers and the queue of AWS Batch. */
export interface WorkersFirstQueueDeps {
  readonly jobs: JobStore;
  readonly workers: Pick<WorkerRecords, 'list'>;
  readonly batch: JobQueue;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A worker that was idle takes its job within seconds; one that has not has died. */
const TAKEN_MS = 60_000;

/** Whether a job waits for workers, and may go to AWS Batch. */
export const isUndecided = ({ status, lease, placement, workerNeeds }: JobRecord): boolean =>
  status === 'queued' && lease === null && placement === undefined && workerNeeds?.orBatch !== undefined;

/** A queue that prefers idle workers to AWS Batch. */
export function createWorkersFirstQueue({ jobs, workers, batch, now }: WorkersFirstQueueDeps): JobQueue {
  /** A worker that is idle and has no other job to take before; undefined where there is none. */
  async function findIdle(job: Pick<JobRecord, 'id' | 'backend' | 'workerNeeds'>) {
    const idle = idleFor(job, await workers.list());
    let before = 0;
    if (idle.length > 0)
      for await (const other of jobs.open()) {
        if (other.id === job.id) break;
        const isWaiting = other.lease === null && other.placement === undefined;
        if (isWaiting && idle.some(({ offer }) => fits(other, offer)) && ++before >= idle.length) break;
      }
    return idle[before];
  }

  return {
    async submit(job, start) {
      const workerNeeds = needsOf(job, start);
      const worker = await findIdle({ ...job, workerNeeds });
      if (worker === undefined) {
        const reason = await batch.submit(job, start);
        return ['The job goes to AWS Batch, because no worker that may take it is idle.', reason ?? []]
          .flat()
          .join(' ');
      }
      await jobs.update(job.id, (record) =>
        record.lease === null && record.placement === undefined ? { ...record, workerNeeds } : undefined,
      );
      return `The job waits for worker "${worker.name}", which is idle, and does not go to AWS Batch.`;
    },

    cancel: (job) => batch.cancel(job),

    async review(job) {
      const isEarly = now() - job.createdAt * 1000 < TAKEN_MS;
      if (!isUndecided(job) || isEarly || (await findIdle(job)) !== undefined) return;
      const { pool, reason } = job.workerNeeds?.orBatch ?? {};
      const hasGpu = job.workerNeeds?.gpu ?? false;
      await batch.submit(
        job,
        pool === undefined
          ? undefined
          : { pool, reason: reason ?? 'it was chosen when the job was made.', hasGpu },
      );
      const after = await jobs.get(job.id);
      if (after?.placement === undefined) return;
      await jobs.appendEvent(job.id, {
        level: 'info',
        type: 'message',
        message: 'No worker has taken the job, and none that may take it is idle: it goes to AWS Batch.',
        data: { pool: after.placement.pool },
      });
    },
  };
}

/** What a worker must have for the job to be as well off as on AWS Batch. */
const needsOf = ({ backend }: JobRecord, start: JobStart | undefined): WorkerNeeds => ({
  ...(backend === 'gpu' || start?.hasGpu === true ? { gpu: true } : {}),
  orBatch: start === undefined ? {} : { pool: start.pool, reason: start.reason },
});
