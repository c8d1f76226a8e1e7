// The queue of a deployment on AWS, as its setting says. Its drivers are loaded when it is made.

import { environment, type QueueName, type TrainerFleet } from '../core/environment.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { createBatchQueue } from '../core/job/queues/batch/batch-queue.ts';
import { createWatchRule } from '../core/job/queues/batch/watch-rule.ts';
import type { JobQueue } from '../core/job/queues/job-queue.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import { createWorkersFirstQueue } from '../core/job/queues/workers/workers-first-queue.ts';
import { createWorkersQueue } from '../core/job/queues/workers/workers-queue.ts';
import type { JobStore } from '../core/job/record/job-store.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';

/** The store, its jobs, and the machines of AWS Batch. */
export interface QueueOfDeploymentDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  /** Undefined where workers run all jobs. */
  readonly fleet: TrainerFleet | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The schedule by which open jobs are compared with AWS Batch; undefined where it is always on. */
  readonly watchRule?: string | undefined;
  /** Is told that the schedule could not be switched on. The first event of a job does it then. */
  readonly onUnwatched?: (error: unknown) => void;
}

/** Makes the queue that a setting names. @throws {FoveaError} `environment-invalid` where that needs machines, and there are none. */
export function queueOfDeployment(
  name: QueueName,
  { store, jobs, fleet, now, watchRule, onUnwatched }: QueueOfDeploymentDeps,
): JobQueue {
  const workers = createWorkerRecords({ store, now });
  if (name === 'workers') return createWorkersQueue({ workers });
  if (fleet === undefined)
    throw new FoveaError(
      'environment-invalid',
      `${environment.trainerFleet} is not set, and ${environment.queue}=${name} needs the machines of AWS Batch.`,
    );
  const rule = watchRule === undefined ? undefined : createWatchRule(watchRule);
  const batch = createBatchQueue({
    jobs,
    fleet,
    now,
    watch: rule && (() => rule.switchOn().catch((error: unknown) => onUnwatched?.(error))),
  });
  return name === 'batch' ? batch : createWorkersFirstQueue({ jobs, workers, batch, now });
}
