import { expect, it } from 'vitest';
import {
  createWorkerRecords,
  FORGOTTEN_MS,
  LOST_MS,
} from '../../../core/job/queues/workers/worker-records.ts';
import { createWorkersQueue } from '../../../core/job/queues/workers/workers-queue.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { backendsOfWorkers } from '../../../functions/deps/backends-of-workers.ts';
import { anOffer, aWorker, WITH_GPU } from '../../support/a-worker.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

it('show a worker that was not seen for a minute as lost, and forget it after an hour', async () => {
  const { store, clock, send } = createTestApp();
  clock.nowMs = Date.now();
  const workers = createWorkerRecords({ store, now: () => clock.nowMs });
  await workers.put(aWorker({ job: { id: 'ftjob-1', trial: 2 } }));
  await store.put(keys.worker('damaged'), '{');
  const list = async () => (await send('GET', '/v1/workers')).body.data;
  expect(await list()).toEqual([
    {
      object: 'worker',
      id: 'worker-1',
      name: 'desk',
      version: '0.0.0',
      state: 'busy',
      started_at: expect.any(Number),
      last_seen: expect.any(Number),
      offer: {
        backend: 'native',
        lacks: ['gpu'],
        gpu: null,
        device_bytes: 8 * 2 ** 30,
        memory_bytes: 8 * 2 ** 30,
        vcpus: 4,
        usd_per_hour: 0.1,
      },
      job: { id: 'ftjob-1', trial: 2 },
    },
  ]);
  clock.nowMs += LOST_MS + 1000;
  expect(await list()).toMatchObject([{ state: 'lost' }]);
  clock.nowMs += FORGOTTEN_MS;
  expect(await list()).toEqual([]);
});

it('tell which workers may take a job when it is submitted', async () => {
  const workers = createWorkerRecords({ store: createMemoryStore(), now: Date.now });
  const queue = createWorkersQueue({ workers });
  const tell = (backend: JobRecord['backend'] = 'auto') =>
    queue.submit({ ...newJob(), backend } as unknown as JobRecord);
  expect(await tell()).toContain('none is running');
  await workers.put(aWorker());
  expect(await tell()).toBe('Worker "desk" is idle and may take it.');
  expect(await tell('gpu')).toBe(
    'It waits for a worker, and none that is running may take it ("desk": it has no back end "gpu").',
  );
  await workers.put(
    aWorker({ id: '2', name: 'rack', offer: anOffer(WITH_GPU), job: { id: 'x', trial: null } }),
  );
  expect(await tell('gpu')).toBe('It waits for a worker: all 1 that may take it are busy.');
});

it('tell estimates what the best of them offers', async () => {
  let nowMs = Date.now();
  const workers = createWorkerRecords({ store: createMemoryStore(), now: () => nowMs });
  const finder = backendsOfWorkers({
    workers,
    onError: (error) => {
      throw error;
    },
  });
  expect(await finder.find()).toBeUndefined();
  await workers.put(aWorker());
  await workers.put(aWorker({ id: '2', offer: anOffer(WITH_GPU) }));
  expect(await finder.find()).toEqual({ backends: { best: 'gpu', missing: {} }, gpu: 'A10G', gpuCount: 1 });
  expect(finder.known()).toMatchObject({ gpu: 'A10G' });
  nowMs += LOST_MS + 1000;
  expect(await finder.find()).toBeUndefined();
});
