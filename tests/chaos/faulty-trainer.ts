// The trainer's entry point over a storage of which a share of the calls fail.

import { runJob } from '../../batch-job/run-job.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { exitCodes } from '../../core/environment.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { createRetryingStore } from '../../core/storage/retrying-store.ts';
import { createFaultyStore } from '../support/faulty-store.ts';

const { FOVEA_STORE_URL = '', FOVEA_JOB_ID = '', FOVEA_FAULT_RATE = '0.1' } = process.env;
const { FOVEA_WEIGHTS_DIR, FOVEA_MEMORY_LIMIT_BYTES } = process.env;

const terminated = new AbortController();
process.on('SIGTERM', () => terminated.abort());
const faulty = createFaultyStore(await openObjectStore(FOVEA_STORE_URL), {
  rate: Number(FOVEA_FAULT_RATE),
  seed: process.pid,
});
const store = createRetryingStore(faulty, { firstPauseMs: 10, attempts: 12 });
const outcome = await runJob(
  {
    store,
    jobs: createJobStore({ store, now: Date.now }),
    now: Date.now,
    weightsDir: FOVEA_WEIGHTS_DIR,
    memoryLimitBytes: FOVEA_MEMORY_LIMIT_BYTES === undefined ? undefined : Number(FOVEA_MEMORY_LIMIT_BYTES),
    cacheDirectory: cacheDirectory(process.env),
    terminated: terminated.signal,
    onUnexpectedError: (error) => console.error(error),
  },
  FOVEA_JOB_ID,
);
console.log(`${faulty.faults()} faults, then ${outcome}`);
process.exit(outcome === 'released' || outcome === 'lease-lost' ? exitCodes.released : 0);
