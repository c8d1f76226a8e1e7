// The queue of a server on a machine that leaves its jobs to workers. It also keeps the list of open jobs, by which workers find them.

import { monotonicMs } from '../../../clock.ts';
import type { JobStore } from '../../record/job-store.ts';
import type { LocalQueue } from '../local/local-queue.ts';
import { createOpenJobsCheck } from '../local/open-jobs-check.ts';
import { createWorkersQueue, type WorkersQueueDeps } from './workers-queue.ts';

/** The jobs and the workers of a store. */
export interface KeptQueueDeps extends WorkersQueueDeps {
  readonly jobs: JobStore;
  /** Told of checks that failed; they are made again. */
  readonly onError: (error: unknown) => void;
}

/** Before a check that failed is made again. */
const RETRY_MS = 30_000;

/** A queue that trains nothing in its own process. */
export function createKeptQueue({ jobs, workers, onError }: KeptQueueDeps): LocalQueue {
  const check = createOpenJobsCheck({
    jobs,
    clock: monotonicMs,
    retryMs: RETRY_MS,
    onFound: () => undefined,
    onError,
  });
  return {
    ...createWorkersQueue({ workers }),
    start: () => check.start(),
    stop: () => check.stop(),
  };
}
