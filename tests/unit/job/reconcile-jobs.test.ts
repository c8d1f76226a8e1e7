import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainerFleet } from '../../../core/environment.ts';
import { createBatchQueue } from '../../../core/job/queues/batch/batch-queue.ts';
import { reconcileJobs } from '../../../core/job/queues/batch/reconcile-jobs.ts';
import type { JobRecord, Placement } from '../../../core/job/record/job.ts';
import { createBatchId, createJobId } from '../../../core/job/record/job-id.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease } from '../../../core/job/record/lease.ts';
import { ACCESS } from '../../../core/storage/access.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { aBatch } from '../../support/a-batch.ts';
import { type DescribedJob, type FakeBatch, startFakeBatch } from '../../support/fake-batch.ts';
import { FLEET } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';
import { deniedToApps, storeWithAccess } from '../../support/store-with-policy.ts';

const MINUTE_MS = 60_000;
const STARTED = 1_700_000_000_000;

describe('reconcileJobs', () => {
  let batch: FakeBatch;
  let jobs: JobStore;
  /** With the permissions of the function. */
  let ofFunction: JobStore;
  let job: JobRecord;
  let nowMs: number;
  let counted: string[];
  const errors: unknown[] = [];

  beforeEach(async () => {
    nowMs = STARTED;
    counted = [];
    batch = await startFakeBatch();
    const store = createMemoryStore();
    jobs = createJobStore({ store, now: () => nowMs });
    const allowed = storeWithAccess(store, ACCESS.jobEvents, deniedToApps);
    ofFunction = createJobStore({ store: allowed.store, now: () => nowMs });
    const { id } = await jobs.create(newJob());
    job = await jobs.update(id, (record) => ({ ...record, status: 'queued' }));
    await place({});
    nowMs += 10 * MINUTE_MS;
  });
  afterEach(async () => {
    await batch.close();
    expect(errors).toEqual([]);
  });

  const place = (placement: Partial<Placement>) =>
    jobs.update(job.id, (record) => ({
      ...record,
      placement: {
        pool: 'gpu-16gb',
        capacity: 'spot',
        submission: 1,
        claim: { owner: 'x', atMs: STARTED },
        batchJobId: 'batch-7',
        replaces: null,
        ...record.placement,
        ...placement,
      },
    }));
  const look = (fleet: TrainerFleet = FLEET, options: { readonly hasWorkers?: boolean } = {}) => {
    const now = () => nowMs;
    return reconcileJobs({
      jobs: ofFunction,
      fleet,
      now,
      queue: createBatchQueue({ jobs: ofFunction, fleet, now, client: batch.client, pauseMs: 1 }),
      metrics: {
        jobBecame: (status) => counted.push(status),
        jobMoved: () => counted.push('moved'),
        machineUsed: () => undefined,
      },
      onError: (_, error) => errors.push(error),
      ...options,
    });
  };
  const says = (known: Partial<DescribedJob>) =>
    batch.describe([
      { jobId: 'batch-7', jobName: `${job.id}-1`, jobQueue: 'queue-16-spot', status: 'FAILED', ...known },
    ]);
  const read = async () => (await jobs.get(job.id)) as JobRecord;

  it('ends a job whose last event was lost, once', async () => {
    await acquireLease({ jobs, now: () => nowMs }, job.id, 'trainer');
    says({ statusReason: 'Job attempt duration exceeded timeout', stoppedAt: nowMs - 4 * MINUTE_MS });
    expect(await look()).toBe(1);
    expect(await read()).toMatchObject({ status: 'failed', error: { code: 'job-timeout' } });
    expect(await look()).toBe(0);
    expect(counted).toEqual(['failed']);
  });

  it('leaves an event some minutes to arrive', async () => {
    says({ statusReason: 'Job attempt duration exceeded timeout', stoppedAt: nowMs - MINUTE_MS });
    await look();
    expect(await read()).toMatchObject({ status: 'queued' });
  });

  it('moves a job as the lost event would have', async () => {
    says({ statusReason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY', stoppedAt: STARTED });
    await look();
    expect(batch.submitted).toMatchObject([{ jobName: `${job.id}-2`, jobQueue: 'queue-16-on-demand' }]);
    expect(await read()).toMatchObject({ placement: { batchJobId: 'batch-1', capacity: 'on-demand' } });
  });

  it.each([
    'UNDETERMINED - unknown',
    'ACTION_REQUIRED - see',
    'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - x',
  ])('ends a wait that no time limit covers, after telling why: %s', async (statusReason) => {
    says({ status: 'RUNNABLE', statusReason });
    await look();
    expect((await read()).queuedReason).toContain(statusReason);
    nowMs += 29 * MINUTE_MS;
    await look();
    expect(batch.terminated).toEqual([]);
    nowMs += 2 * MINUTE_MS;
    await look();
    expect(batch.terminated).toEqual(['batch-7']);
    expect(batch.reasons).toEqual([`Blocked for too long: ${statusReason}`]);

    // What AWS Batch says of that end leads on: to on-demand machines, and there to a failure.
    says({ statusReason: batch.reasons[0] ?? '', stoppedAt: STARTED });
    await look();
    expect(batch.submitted).toMatchObject([{ jobQueue: 'queue-16-on-demand' }]);
    await place({ batchJobId: 'batch-7' });
    await look();
    expect(await read()).toMatchObject({
      status: 'failed',
      error: { code: 'trainer-misconfigured', message: expect.stringContaining(statusReason) },
    });
  });

  describe.each([
    ['a sweep', newJob({ sweep: { learning_rate_multiplier: [0.3, 1, 3] } }), createJobId],
    ['a batch prediction', newJob({ prediction: aBatch({ shards: 3 }) }), createBatchId],
  ] as const)('the children of %s', (_, asked, createId) => {
    const child = (index: number, known: Partial<DescribedJob>): DescribedJob => ({
      jobId: `batch-7:${index}`,
      jobName: `${job.id}-1`,
      jobQueue: 'queue-16-spot',
      status: 'RUNNABLE',
      ...known,
    });
    const says = (statusSummary: Record<string, number>, children: readonly DescribedJob[]) =>
      batch.describe([
        {
          jobId: 'batch-7',
          jobName: `${job.id}-1`,
          jobQueue: 'queue-16-spot',
          status: 'PENDING',
          arrayProperties: { statusSummary },
        },
        ...children,
      ]);
    beforeEach(async () => {
      const made = await jobs.create(asked, { id: createId(nowMs) });
      await jobs.requestCancel(job.id);
      job = await jobs.update(made.id, (record) => ({ ...record, status: 'queued' }));
      await place({ trials: 3 });
    });

    it('that cannot start are told of and ended; then one process does their work, on other machines if need be', async () => {
      const statusReason = 'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - x';
      const blocked = () => says({ RUNNABLE: 2, SUCCEEDED: 1 }, [child(0, {}), child(2, { statusReason })]);
      blocked();
      await look();
      expect((await read()).queuedReason).toContain(statusReason);
      nowMs += 31 * MINUTE_MS;
      await look();
      expect(batch.terminated).toEqual(['batch-7']);

      batch.describe([
        {
          jobId: 'batch-7',
          jobName: `${job.id}-1`,
          jobQueue: 'queue-16-spot',
          status: 'FAILED',
          statusReason: batch.reasons[0] ?? '',
          stoppedAt: STARTED,
        },
      ]);
      await look();
      expect(batch.submitted).toHaveLength(1);
      expect(batch.submitted[0]?.arrayProperties).toBeUndefined();
      expect(await read()).toMatchObject({
        status: 'queued',
        placement: { submission: 2, batchJobId: 'batch-1' },
      });
    });

    it('that wait while others run are left alone', async () => {
      says({ RUNNABLE: 2, RUNNING: 1 }, [child(0, { statusReason: 'UNDETERMINED' }), child(1, {})]);
      await look();
      nowMs += 31 * MINUTE_MS;
      await look();
      expect((await read()).queuedReason ?? null).toBeNull();
      expect(batch.terminated).toEqual([]);
    });

    it('that ended without an event lead on', async () => {
      batch.describe([
        {
          jobId: 'batch-7',
          jobName: `${job.id}-1`,
          jobQueue: 'queue-16-spot',
          status: 'FAILED',
          statusReason: 'Array Child Job failed',
          stoppedAt: STARTED,
        },
      ]);
      await look();
      expect(await read()).toMatchObject({ placement: { submission: 2, batchJobId: 'batch-1' } });
      expect((await read()).placement).not.toHaveProperty('trials');
    });
  });

  it.each([
    [
      'one trial',
      [1],
      {
        status: 'queued',
        failedTrials: [{ trial: 2, error: { code: 'job-timeout' } }],
        placement: { batchJobId: 'batch-1' },
      },
    ],
    [
      'every trial',
      [0, 1],
      {
        status: 'failed',
        error: { code: 'job-timeout', message: expect.stringContaining('fovea:jobHours') },
      },
    ],
  ])('does not repeat what its time limit has ended: %s', async (_, late, becomes) => {
    await jobs.requestCancel(job.id);
    const { id } = await jobs.create(newJob({ sweep: { learning_rate_multiplier: [1, 3] } }));
    job = await jobs.update(id, (record) => ({ ...record, status: 'queued' }));
    await place({ trials: 2 });
    const ended = { jobName: `${id}-1`, jobQueue: 'queue-16-spot', status: 'FAILED', stoppedAt: STARTED };
    batch.describe([
      { ...ended, jobId: 'batch-7', statusReason: 'Array Child Job failed' },
      ...[0, 1].map((index) => ({
        ...ended,
        jobId: `batch-7:${index}`,
        statusReason: late.includes(index)
          ? 'Job attempt duration exceeded timeout'
          : 'Essential container in task exited',
      })),
    ]);
    await look();
    expect(await read()).toMatchObject(becomes);
    expect(batch.submitted).toHaveLength(late.length === 2 ? 0 : 1);
    const { events } = await jobs.events(id, { limit: 10 });
    expect(events.filter(({ message }) => message.includes('Trial 2 of 2 failed. Job attempt'))).toHaveLength(
      1,
    );
  });

  it('counts a wait anew that ended by itself', async () => {
    says({ status: 'RUNNABLE', statusReason: 'UNDETERMINED' });
    await look();
    says({ status: 'RUNNING' });
    await look();
    expect((await read()).placement).not.toHaveProperty('blockedSinceMs');
    nowMs += 31 * MINUTE_MS;
    says({ status: 'RUNNABLE', statusReason: 'UNDETERMINED' });
    await look();
    expect(batch.terminated).toEqual([]);
  });

  it('leaves a job alone that waits behind others, without a reason', async () => {
    says({ status: 'RUNNABLE' });
    nowMs += 300 * MINUTE_MS;
    await look();
    expect((await read()).queuedReason ?? null).toBeNull();
    expect(batch.terminated).toEqual([]);
  });

  it('fails a job whose machines a deployment has removed', async () => {
    says({ statusReason: 'JobQueue deleted', stoppedAt: STARTED });
    await look({ ...FLEET, pools: FLEET.pools.slice(1) });
    expect(await read()).toMatchObject({
      status: 'failed',
      error: { code: 'queue-unknown', message: expect.stringContaining('"gpu-16gb"') },
    });
    expect(counted).toEqual(['failed']);
  });

  it('fails a job that AWS Batch no longer knows, although its trainer left a lease', async () => {
    await acquireLease({ jobs, now: () => nowMs }, job.id, 'trainer');
    await look();
    expect(await read()).toMatchObject({ status: 'failed', lease: null, error: { code: 'trainer-crashed' } });
  });

  it('fails a job whose request died before it was submitted, once no request can be at it any more', async () => {
    await jobs.requestCancel(job.id);
    job = await jobs.create(newJob());
    expect(await look()).toBe(1);
    expect(await read()).toMatchObject({ status: 'validating_files' });
    nowMs += 11 * MINUTE_MS;
    await look();
    expect(await read()).toMatchObject({ status: 'failed', error: { code: 'queue-unavailable' } });
    expect(counted).toEqual(['failed']);
    const { events } = await jobs.events(job.id, { limit: 1 });
    expect(events).toMatchObject([{ level: 'error', message: expect.stringContaining('interrupted') }]);
    expect(await look()).toBe(0);
  });

  it('does not submit a job that an earlier version left after its user was told that it failed', async () => {
    await jobs.requestCancel(job.id);
    job = await jobs.create(newJob());
    await place({ batchJobId: null, claim: { owner: 'x', atMs: 0 } });
    await look();
    expect(await read()).toMatchObject({ status: 'failed', error: { code: 'queue-unavailable' } });
    expect(batch.submitted).toEqual([]);
  });

  it('submits a queued job that nobody has submitted, and leaves it to workers where these take jobs', async () => {
    await jobs.requestCancel(job.id);
    job = await jobs.create(newJob());
    await jobs.update(job.id, (record) => ({ ...record, status: 'queued' }));
    expect(await look(FLEET, { hasWorkers: true })).toBe(1);
    expect(batch.submitted).toEqual([]);
    await look();
    expect(batch.submitted).toMatchObject([{ jobName: `${job.id}-1` }]);
  });

  it('submits a job whose first process died before AWS Batch answered', async () => {
    await place({ batchJobId: null });
    await look();
    expect(batch.submitted).toMatchObject([{ jobName: `${job.id}-1`, jobQueue: 'queue-16-spot' }]);
    expect(await read()).toMatchObject({ placement: { batchJobId: 'batch-1' } });
  });
});
