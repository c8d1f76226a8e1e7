// What a process needs that carries out a batch prediction in a test.

import type { RunBatchDeps } from '../../batch-job/run-batch.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { createPredictor } from '../../core/predict/predictor.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { TestApp } from './test-app.ts';

/** As a process of its own has it: with its own view of the jobs. Errors that nobody expects are thrown. */
export const batchDeps = (store: ObjectStore, now: () => number): RunBatchDeps => ({
  store,
  jobs: createJobStore({ store, now }),
  now,
  weightsDir: undefined,
  cacheDirectory: '/nowhere',
  terminated: new AbortController().signal,
  onUnexpectedError: (error) => {
    throw error;
  },
  // Threads take a second to start.
  openPredictor: () => ({ predictor: createPredictor({ store, threads: 1 }), lanes: 1 }),
});

/** The same for batches of a test's app, by its clock. */
export const batchDepsOf = ({ store, clock }: TestApp): RunBatchDeps => batchDeps(store, () => clock.nowMs);
