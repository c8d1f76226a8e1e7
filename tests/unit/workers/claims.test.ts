import { describe, expect, it } from 'vitest';
import { submitJob } from '../../../core/job/queues/job-queue.ts';
import { type Claim, createClaims } from '../../../core/job/queues/workers/claims.ts';
import type { WorkerOffer } from '../../../core/job/queues/workers/worker-record.ts';
import { NO_MEMORY_RECORD } from '../../../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, renewClaim, updateLeased } from '../../../core/job/record/lease.ts';
import { LEASE_MS } from '../../../core/job/record/lease-watch.ts';
import { openTrial } from '../../../core/job/record/trial-records.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { aBatch } from '../../support/a-batch.ts';
import { anOffer, WITH_GPU } from '../../support/a-worker.ts';
import { newJob } from '../../support/new-job.ts';

const HOUR_MS = 3_600_000;

function setUp() {
  const time = { dateMs: 1_700_000_000_000, passedMs: 0 };
  const now = () => time.dateMs++;
  const store = createMemoryStore();
  const jobs = createJobStore({ store, now });
  const queue = { submit: async () => undefined, cancel: async () => undefined };
  return {
    time,
    store,
    jobs,
    now,
    submit: async (changes = {}) => (await submitJob({ jobs, queue }, newJob(changes))).id,
    /** A worker, on a machine with a date of its own. */
    worker: (
      name: string,
      { offer = {}, aheadMs = 0 }: { offer?: Partial<WorkerOffer>; aheadMs?: number } = {},
    ) =>
      createClaims({
        store,
        jobs,
        now: () => now() + aheadMs,
        clock: () => time.passedMs,
        worker: name,
        offer: anOffer(offer),
        mayTry: async () => true,
      }),
    finish: ({ jobs: own, jobId, leaseOwner }: Claim, change: (job: JobRecord) => JobRecord = (job) => job) =>
      updateLeased({ jobs: own, now }, jobId, leaseOwner, (job) => ({ ...change(job), status: 'succeeded' })),
  };
}

describe('claims', () => {
  it('give each job to one of many workers, the oldest first', async () => {
    const { submit, worker } = setUp();
    const ids = [await submit(), await submit(), await submit()];
    const workers = Array.from({ length: 10 }, (_, index) => worker(`worker ${index}`));
    const claims = (await Promise.all(workers.map((one) => one.next()))).filter(
      (claim) => claim !== undefined,
    );
    expect(claims.map(({ jobId }) => jobId).sort()).toEqual([...ids].sort());
    expect(await worker('late').next()).toBeUndefined();
  });

  it('take the oldest job, count one attempt, and say who has it', async () => {
    const { submit, worker, jobs, now } = setUp();
    const first = await submit();
    await submit();
    const claim = await worker('desk').next();
    expect(claim).toMatchObject({ jobId: first, trial: undefined });
    const owner = claim?.leaseOwner ?? '';
    expect(await jobs.get(first)).toMatchObject({
      status: 'running',
      attempts: 1,
      lease: { worker: 'desk', owner },
    });
    // The trainer takes over what the worker has claimed for it.
    const taken = await acquireLease({ jobs, now }, first, owner);
    expect(taken).toMatchObject({ attempts: 1, lease: { owner, worker: 'desk', attempt: 1 } });
  });

  it('leave jobs that the machine is no match for, and those of AWS Batch', async () => {
    const { submit, worker, jobs } = setUp();
    const gpu = await submit({ backend: 'gpu' });
    const meant = await submit();
    await jobs.update(meant, (job) => ({ ...job, workerNeeds: { gpu: true } }));
    const large = await submit();
    await jobs.update(large, (job) => ({ ...job, workerNeeds: { moreThanBytes: 8 * 2 ** 30 } }));
    const batch = await submit();
    await jobs.update(batch, (job) => ({
      ...job,
      placement: {
        pool: 'gpu-16gb',
        capacity: 'spot',
        submission: 1,
        claim: { owner: 'api', atMs: 0 },
        batchJobId: 'batch-1',
        replaces: null,
      },
    }));
    expect(await worker('small').next()).toBeUndefined();
    const strong = worker('strong', { offer: WITH_GPU });
    const taken = [await strong.next(), await strong.next(), await strong.next(), await strong.next()];
    expect(taken.map((claim) => claim?.jobId)).toEqual([gpu, meant, large, undefined]);
  });

  it('take a job whose maker died before it was queued, after a minute', async () => {
    const { worker, jobs, time } = setUp();
    const { id } = await jobs.create(newJob());
    const desk = worker('desk');
    expect(await desk.next()).toBeUndefined();
    time.passedMs += 60_000;
    expect(await desk.next()).toMatchObject({ jobId: id });
  });

  it.each([-5 * HOUR_MS, 0, 5 * HOUR_MS])(
    'take over from a worker that is silent for the length of a lease, with a clock %i ms ahead',
    async (aheadMs) => {
      const { submit, worker, jobs, now, time } = setUp();
      const id = await submit();
      const lost = await worker('lost').next();
      const desk = worker('desk', { aheadMs });
      expect(await desk.next()).toBeUndefined();
      time.passedMs += LEASE_MS - 1;
      // A claim that is renewed is alive, however long its trainer takes to start.
      expect(await renewClaim({ jobs, now }, id, lost?.leaseOwner ?? '', 0)).toBe(true);
      expect(await desk.next()).toBeUndefined();
      time.passedMs += LEASE_MS - 1;
      expect(await desk.next()).toBeUndefined();
      time.passedMs += 1;
      expect(await desk.next()).toMatchObject({ jobId: id });
      expect(await jobs.get(id)).toMatchObject({ attempts: 2, lease: { worker: 'desk' } });
      const { events } = await jobs.events(id, { limit: 10 });
      expect(events[0]?.message).toContain('The trainer of worker "lost" has not been heard of for 30 s.');
      // The lost one wakes up.
      await expect(
        updateLeased({ jobs, now }, id, lost?.leaseOwner ?? '', (job) => job),
      ).rejects.toMatchObject({ code: 'lease-lost' });
    },
  );

  it('end a renewal once the trainer has renewed the lease itself', async () => {
    const { submit, worker, jobs, now } = setUp();
    const id = await submit();
    const owner = (await worker('desk').next())?.leaseOwner ?? '';
    await acquireLease({ jobs, now }, id, owner);
    expect(await renewClaim({ jobs, now }, id, owner, 0)).toBe(false);
  });

  it('cancel a job whose holder is gone instead of taking it', async () => {
    const { submit, worker, jobs, time } = setUp();
    const id = await submit();
    await worker('lost').next();
    await jobs.requestCancel(id);
    const desk = worker('desk');
    await desk.next();
    time.passedMs += LEASE_MS;
    expect(await desk.next()).toBeUndefined();
    expect(await jobs.get(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('claims of a sweep', () => {
  const sweep = { learning_rate_multiplier: [1, 2, 3] };
  const result = (trial: number) => ({
    trial,
    settings: {},
    validationLoss: trial,
    validationAccuracy: 0,
    givenUp: { savings: NO_MEMORY_RECORD.savings, taken: [] },
  });

  it('spread its trials over workers, and give the job to one when all are over', async () => {
    const { submit, worker, store, jobs, now, finish } = setUp();
    const id = await submit({ sweep });
    const next = await submit();
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((name) => worker(name).next()));
    expect(claims.map((claim) => claim?.trial ?? 'job').sort()).toEqual([1, 2, 3, 'job']);
    expect(claims.find((claim) => claim?.trial === undefined)?.jobId).toBe(next);
    const desk = worker('desk');
    expect(await desk.next()).toBeUndefined();
    for (const claim of claims) {
      if (claim?.trial === undefined) continue;
      const opened = await openTrial({ store, jobs, now }, id, claim.trial);
      await opened?.addResult(result(claim.trial));
      await finish(claim);
    }
    expect(await desk.next()).toMatchObject({
      jobId: id,
      trial: undefined,
      record: { trials: [{}, {}, {}] },
    });
  });

  it('spread the shards of a batch, and give what is left to one worker when all are over', async () => {
    const { submit, worker, jobs, finish } = setUp();
    const id = await submit({ prediction: aBatch({ shards: 3 }) });
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((name) => worker(name).next()));
    expect(claims.map((claim) => claim?.trial).sort()).toEqual([1, 2, 3, undefined]);
    const desk = worker('desk');
    for (const claim of claims) if (claim !== undefined) await finish(claim);
    expect(await desk.next()).toMatchObject({ jobId: id, trial: undefined });
    expect(await jobs.get(id)).toMatchObject({ lease: { worker: 'desk' } });
  });

  it('leave a trial whose job another worker takes at that moment', async () => {
    const { submit, worker, store, jobs, now } = setUp();
    const id = await submit({ sweep });
    const slow = createClaims({
      store,
      jobs,
      now,
      worker: 'slow',
      offer: anOffer(),
      async mayTry() {
        await acquireLease({ jobs, now }, id, 'quick').catch(() => undefined);
        return true;
      },
    });
    expect(await slow.next()).toBeUndefined();
    expect(await worker('desk').next()).toBeUndefined();
    expect(await jobs.get(id)).toMatchObject({ lease: { owner: 'quick' } });
  });

  it('take a trial over from a worker that is silent, and leave one that failed to whoever finishes the job', async () => {
    const { submit, worker, time, finish } = setUp();
    const id = await submit({ sweep: { learning_rate_multiplier: [1, 2] } });
    const failed = await worker('a').next();
    if (failed !== undefined) await finish(failed);
    await worker('lost').next();
    const desk = worker('desk');
    expect(await desk.next()).toBeUndefined();
    time.passedMs += LEASE_MS;
    const again = await desk.next();
    expect(again).toMatchObject({ jobId: id, trial: 2, record: { attempts: 2 } });
    if (again !== undefined) await finish(again);
    expect(await desk.next()).toMatchObject({ jobId: id, trial: undefined });
  });
});
