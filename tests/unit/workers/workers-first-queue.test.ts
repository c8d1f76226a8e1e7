import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBatchQueue } from '../../../core/job/queues/batch/batch-queue.ts';
import { cancelJob, submitJob } from '../../../core/job/queues/job-queue.ts';
import { createClaims } from '../../../core/job/queues/workers/claims.ts';
import { createWorkerRecords } from '../../../core/job/queues/workers/worker-records.ts';
import { createWorkersFirstQueue } from '../../../core/job/queues/workers/workers-first-queue.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { anOffer, aWorker, WITH_GPU } from '../../support/a-worker.ts';
import { type FakeBatch, startFakeBatch } from '../../support/fake-batch.ts';
import { FLEET } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';

const MINUTE_MS = 60_000;
const ON_GPU = { pool: 'gpu-24gb', reason: 'It trains pretrained layers.', hasGpu: true };

describe('a queue that prefers workers', () => {
  let batch: FakeBatch;
  let nowMs: number;
  const now = () => nowMs;

  beforeEach(async () => {
    nowMs = Date.now();
    batch = await startFakeBatch();
  });
  afterEach(() => batch.close());

  function setUp() {
    const store = createMemoryStore();
    const jobs = createJobStore({ store, now });
    const workers = createWorkerRecords({ store, now });
    const queue = createWorkersFirstQueue({
      jobs,
      workers,
      batch: createBatchQueue({ jobs, fleet: FLEET, now, client: batch.client, pauseMs: 1 }),
      now,
    });
    const takeOne = () =>
      createClaims({
        store,
        jobs,
        now,
        worker: 'desk',
        offer: anOffer(WITH_GPU),
        mayTry: async () => true,
      }).next();
    return {
      jobs,
      workers,
      queue,
      takeOne,
      submit: async (options: Parameters<typeof submitJob>[2] = {}, changes = {}) => {
        const job = await submitJob({ jobs, queue }, newJob(changes), options);
        nowMs += 1;
        return job;
      },
      get: async (id: string) => (await jobs.get(id)) as JobRecord,
      lastMessage: async (id: string) => (await jobs.events(id, { limit: 1 })).events[0]?.message,
    };
  }

  it('leaves a job to a worker that is idle, and the next one to AWS Batch', async () => {
    const { submit, workers, lastMessage, get, takeOne } = setUp();
    await workers.put(aWorker());
    const home = await submit();
    expect(home).toMatchObject({ status: 'queued', workerNeeds: { orBatch: {} } });
    expect(home.placement).toBeUndefined();
    expect(await lastMessage(home.id)).toContain('waits for worker "desk", which is idle');
    // The worker has not taken it yet, but will.
    const cloud = await submit();
    expect(await lastMessage(cloud.id)).toContain(
      'The job goes to AWS Batch, because no worker that may take it is idle.',
    );
    expect(batch.submitted.map(({ environment }) => environment['FOVEA_JOB_ID'])).toEqual([cloud.id]);
    expect(await takeOne()).toMatchObject({ jobId: home.id });
    expect(await takeOne()).toBeUndefined();
    expect((await get(cloud.id)).placement?.pool).toBe('gpu-16gb');
  });

  it('sends a job that gains by a GPU to a worker with one, else to its pool', async () => {
    const { submit, workers } = setUp();
    await workers.put(aWorker());
    expect((await submit({ start: ON_GPU })).placement).toMatchObject({
      pool: 'gpu-24gb',
      reason: ON_GPU.reason,
    });
    await workers.put(aWorker({ id: '2', name: 'rack', offer: anOffer(WITH_GPU) }));
    const home = await submit({ start: ON_GPU });
    expect(home).toMatchObject({ workerNeeds: { gpu: true, orBatch: { pool: 'gpu-24gb' } } });
    expect(home.placement).toBeUndefined();
  });

  it('sends a job whose worker went away to AWS Batch, once, to the pool that was chosen', async () => {
    const { submit, workers, queue, get, lastMessage, jobs } = setUp();
    await workers.put(aWorker({ offer: anOffer(WITH_GPU) }));
    const { id } = await submit({ start: ON_GPU });
    await workers.remove('worker-1');
    await queue.review?.(await get(id));
    expect(batch.submitted).toEqual([]);
    nowMs += 2 * MINUTE_MS;
    await Promise.all([queue.review?.(await get(id)), queue.review?.(await get(id))]);
    await queue.review?.(await get(id));
    expect(batch.submitted).toMatchObject([{ jobQueue: 'queue-24-spot' }]);
    expect(await get(id)).toMatchObject({ placement: { pool: 'gpu-24gb', batchJobId: 'batch-1' } });
    expect(await lastMessage(id)).toContain('No worker has taken the job');
    await cancelJob({ jobs, queue }, id);
    expect(batch.terminated).toEqual(['batch-1']);
  });

  it('leaves a job alone that a worker takes, or that waits for one that is idle', async () => {
    const { submit, workers, queue, get, takeOne } = setUp();
    await workers.put(aWorker());
    const { id } = await submit();
    nowMs += 2 * MINUTE_MS;
    await workers.put(aWorker());
    const seen = await get(id);
    nowMs = Date.now();
    await queue.review?.(seen);
    await takeOne();
    await workers.remove('worker-1');
    nowMs += 2 * MINUTE_MS;
    // It was read before the worker took it.
    await queue.review?.(seen);
    expect(batch.submitted).toEqual([]);
    expect((await get(id)).placement).toBeUndefined();
  });
});
