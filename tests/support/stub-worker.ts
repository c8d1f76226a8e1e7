// A worker as a process of its own, whose trainer is a stub. Arguments: the URL of the store, the path of the trainer, a name.

import { spawn } from 'node:child_process';
import { runWorker } from '../../batch-job/run-worker.ts';
import type { WorkerOffer } from '../../core/job/queues/workers/worker-record.ts';

const [storeUrl = '', trainer = '', name = ''] = process.argv.slice(2);
const offer: WorkerOffer = {
  backend: 'portable',
  lacks: ['gpu', 'native'],
  gpu: null,
  deviceBytes: 2 ** 30,
  memoryBytes: 2 ** 30,
  vcpus: 1,
  usdPerHour: null,
};
const stopping = new AbortController();
const stopped = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
process.on('SIGTERM', () => stopping.abort());
const stop = await runWorker(
  {
    storeUrl,
    name,
    offer,
    pollMs: 100,
    graceMs: 10_000,
    version: '0.0.0',
    startTrainer: (jobId, leaseOwner, trial) =>
      spawn(process.execPath, [trainer], {
        stdio: 'inherit',
        env: {
          ...process.env,
          FOVEA_STORE_URL: storeUrl,
          FOVEA_JOB_ID: jobId,
          FOVEA_LEASE_OWNER: leaseOwner,
          ...(trial === undefined ? {} : { FOVEA_TRIAL: String(trial) }),
        },
      }),
  },
  stopping.signal,
);
await stopped;
await stop();
process.exit(0);
