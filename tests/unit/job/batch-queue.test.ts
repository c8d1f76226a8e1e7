import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBatchQueue } from '../../../core/job/queues/batch/batch-queue.ts';
import { pauseJob, resumeJob, submitJob } from '../../../core/job/queues/job-queue.ts';
import { createBatchId } from '../../../core/job/record/job-id.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { aBatch } from '../../support/a-batch.ts';
import { type FakeBatch, startFakeBatch } from '../../support/fake-batch.ts';
import { FLEET } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';

const MINUTE_MS = 60_000;

describe('createBatchQueue', () => {
  let batch: FakeBatch;
  let jobs: JobStore;
  let nowMs: number;
  const now = () => nowMs;
  /** As another process would have it. */
  const createQueue = () => createBatchQueue({ jobs, fleet: FLEET, now, client: batch.client, pauseMs: 1 });

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 0, 1);
    batch = await startFakeBatch();
    jobs = createJobStore({ store: createMemoryStore(), now });
  });
  afterEach(() => batch.close());

  it('submits to the first queue of the smallest pool, with the job in the environment and the stack in the tags', async () => {
    const job = await submitJob({ jobs, queue: createQueue() }, newJob());
    expect(batch.submitted).toMatchObject([
      {
        jobName: `${job.id}-1`,
        jobQueue: 'queue-16-spot',
        jobDefinition: 'definition-16',
        tags: { 'fovea:stack': 'Fovea' },
        environment: { FOVEA_JOB_ID: job.id },
      },
    ]);
    expect(job).toMatchObject({
      status: 'queued',
      placement: { pool: 'gpu-16gb', capacity: 'spot', batchJobId: 'batch-1' },
    });
  });

  it('submits to the pool that was chosen, and keeps the reason while the job stays there', async () => {
    const start = { pool: 'gpu-24gb', reason: 'It needs it.', hasGpu: true };
    const job = await submitJob({ jobs, queue: createQueue() }, newJob(), { start });
    expect(batch.submitted).toMatchObject([{ jobQueue: 'queue-24-spot', jobDefinition: 'definition-24' }]);
    expect(job.placement).toMatchObject({ pool: 'gpu-24gb', reason: 'It needs it.' });
    const { events } = await jobs.events(job.id, { limit: 1 });
    expect(events[0]?.message).toMatch(/Job queued: .* It needs it\.$/);
    await createQueue().move(job.id, 'batch-1', { pool: 'gpu-24gb', capacity: 'spot' });
    expect((await jobs.get(job.id))?.placement?.reason).toBe('It needs it.');
    await createQueue().move(job.id, 'batch-2', { pool: 'gpu-16gb', capacity: 'spot' });
    expect((await jobs.get(job.id))?.placement?.reason).toBeUndefined();
  });

  it('submits a sweep as an array with a child for each trial, and moves it as one job', async () => {
    const sweep = { learning_rate_multiplier: [0.5, 1, 2] };
    const { id, placement } = await submitJob({ jobs, queue: createQueue() }, newJob({ sweep }));
    expect(placement).toMatchObject({ trials: 3, batchJobId: 'batch-1' });
    await createQueue().move(id, 'batch-1', { pool: 'gpu-16gb', capacity: 'spot' });
    expect(batch.submitted.map(({ arrayProperties }) => arrayProperties)).toEqual([{ size: 3 }, undefined]);
    const moved = (await jobs.get(id))?.placement;
    expect(moved).toMatchObject({ batchJobId: 'batch-2', replaces: 'batch-1', submission: 2 });
    expect(moved?.trials).toBeUndefined();
  });

  it('submits a batch prediction as an array with a child for each shard, and as one job where one process does it', async () => {
    const queue = createQueue();
    const prediction = aBatch({ shards: 3 });
    const job = await submitJob({ jobs, queue }, newJob({ prediction }), { id: createBatchId(0) });
    expect(job).toMatchObject({ id: expect.stringMatching(/^batch_/), placement: { trials: 3 } });
    await submitJob({ jobs, queue }, newJob({ prediction: aBatch() }));
    expect(batch.submitted.map(({ arrayProperties }) => arrayProperties)).toEqual([{ size: 3 }, undefined]);
    expect(batch.submitted[0]?.environment).toMatchObject({ FOVEA_JOB_ID: job.id });
    const { events } = await jobs.events(job.id, { limit: 1 });
    expect(events[0]?.message).toMatch(/^Batch queued: 23 pictures with version 1 of model/);
  });

  it('ends the Batch job of a job that is paused while it waits, and submits another when it is resumed', async () => {
    const queue = createQueue();
    const { id } = await submitJob({ jobs, queue }, newJob());
    expect(await pauseJob({ jobs, queue }, id)).toMatchObject({ status: 'paused' });
    expect(batch.terminated).toEqual(['batch-1']);
    await resumeJob({ jobs, queue }, id);
    expect(batch.submitted.map(({ jobName }) => jobName)).toEqual([`${id}-1`, `${id}-2`]);
    expect(await jobs.get(id)).toMatchObject({
      status: 'queued',
      placement: { pool: 'gpu-16gb', batchJobId: 'batch-2', replaces: 'batch-1', submission: 2 },
    });
  });

  it('leaves a job paused that could not be submitted anew', async () => {
    const queue = createQueue();
    const { id } = await submitJob({ jobs, queue }, newJob());
    await pauseJob({ jobs, queue }, id);
    batch.failNext('denied');
    await expect(resumeJob({ jobs, queue }, id)).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(await jobs.get(id)).toMatchObject({ status: 'paused' });
    await resumeJob({ jobs, queue }, id);
    expect(await jobs.get(id)).toMatchObject({ status: 'queued', placement: { batchJobId: 'batch-2' } });
  });

  it('submits an array that another process could not, as an array', async () => {
    batch.failNext('denied');
    const sweep = { learning_rate_multiplier: [1, 2] };
    const submit = () =>
      submitJob({ jobs, queue: createQueue() }, newJob({ sweep }), { idempotencyKey: 'x' });
    await expect(submit()).rejects.toMatchObject({ code: 'queue-unavailable' });
    await submit();
    expect(batch.submitted).toMatchObject([{ arrayProperties: { size: 2 } }]);
  });

  it('ends the children of a cancelled array by the id of the array', async () => {
    const sweep = { learning_rate_multiplier: [1, 2] };
    const job = await submitJob({ jobs, queue: createQueue() }, newJob({ sweep }));
    await createQueue().cancel(job);
    expect(batch.terminated).toEqual(['batch-1']);
  });

  it('submits once for eight requests with the same idempotency key', async () => {
    const requests = Array.from({ length: 8 }, () =>
      submitJob({ jobs, queue: createQueue() }, newJob(), { idempotencyKey: 'same' }),
    );
    const ids = new Set((await Promise.all(requests)).map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(batch.submitted).toHaveLength(1);
  });

  it('gives up its claim where AWS Batch refuses, so that the same request can try again', async () => {
    const queue = createQueue();
    batch.failNext('denied');
    const submit = () => submitJob({ jobs, queue }, newJob(), { idempotencyKey: 'same' });
    await expect(submit()).rejects.toMatchObject({
      code: 'queue-unavailable',
      message: expect.stringContaining('not allowed'),
    });
    expect(await submit()).toMatchObject({ status: 'queued', placement: { batchJobId: 'batch-1' } });
  });

  it('fails a job that AWS Batch refuses, so that it does not start after its user was told so; the same request makes another', async () => {
    const queue = createQueue();
    batch.failNext('denied');
    const submit = () => submitJob({ jobs, queue }, newJob(), { idempotencyKey: 'same' });
    await expect(submit()).rejects.toMatchObject({ code: 'queue-unavailable' });
    const { jobs: made } = await jobs.list({ limit: 10 });
    expect(made).toMatchObject([
      {
        status: 'failed',
        error: { code: 'queue-unavailable', message: expect.stringContaining('not allowed') },
      },
    ]);
    const [first, second] = [await submit(), await submit()];
    expect(first.id).not.toBe(made[0]?.id);
    expect(second.id).toBe(first.id);
    expect(batch.submitted).toHaveLength(1);
  });

  it('has open jobs compared with AWS Batch before a job is made, and before one is resumed', async () => {
    const seen: string[][] = [];
    const watch = async () => {
      seen.push((await jobs.list({ limit: 10 })).jobs.map(({ status }) => status));
    };
    const queue = createBatchQueue({ jobs, fleet: FLEET, now, client: batch.client, pauseMs: 1, watch });
    const { id } = await submitJob({ jobs, queue }, newJob());
    await pauseJob({ jobs, queue }, id);
    await resumeJob({ jobs, queue }, id);
    expect(seen).toEqual([[], ['paused']]);
  });

  it('finds a job that was submitted although the answer was lost', async () => {
    batch.failNext('answer-lost');
    const job = await submitJob({ jobs, queue: createQueue() }, newJob());
    expect(job).toMatchObject({ placement: { batchJobId: 'batch-1' } });
    expect(batch.submitted).toHaveLength(1);
  });

  it('leaves a claim of another process alone until it is a minute old', async () => {
    const job = await jobs.create(newJob());
    const placement = {
      pool: 'gpu-16gb',
      capacity: 'spot' as const,
      submission: 1,
      batchJobId: null,
      replaces: null,
    };
    await jobs.update(job.id, (record) => ({
      ...record,
      placement: { ...placement, claim: { owner: 'dead', atMs: nowMs } },
    }));
    await createQueue().submit(job);
    expect(batch.submitted).toHaveLength(0);
    nowMs += MINUTE_MS + 1;
    await createQueue().submit(job);
    expect(batch.submitted).toHaveLength(1);
  });

  it('ends a Batch job whose job was cancelled while it was being submitted', async () => {
    const job = await jobs.create(newJob());
    batch.beforeAnswer(async () => {
      await createQueue().cancel(await jobs.requestCancel(job.id));
    });
    await createQueue().submit(job);
    expect(batch.terminated).toEqual(['batch-1']);
    expect(await jobs.get(job.id)).toMatchObject({ status: 'cancelled' });
  });

  it('ends the Batch job of a cancelled job', async () => {
    const job = await submitJob({ jobs, queue: createQueue() }, newJob());
    await createQueue().cancel(job);
    expect(batch.terminated).toEqual(['batch-1']);
  });

  it('moves a job once, however often it is told', async () => {
    const { id } = await submitJob({ jobs, queue: createQueue() }, newJob());
    const to = { pool: 'gpu-24gb', capacity: 'spot' } as const;
    await Promise.allSettled([createQueue().move(id, 'batch-1', to), createQueue().move(id, 'batch-1', to)]);
    await createQueue().move(id, 'batch-1', to);
    expect(
      batch.submitted.map(({ jobName, jobQueue, jobDefinition }) => [jobName, jobQueue, jobDefinition]),
    ).toEqual([
      [`${id}-1`, 'queue-16-spot', 'definition-16'],
      [`${id}-2`, 'queue-24-spot', 'definition-24'],
    ]);
    expect(await jobs.get(id)).toMatchObject({
      placement: { pool: 'gpu-24gb', batchJobId: 'batch-2', replaces: 'batch-1' },
    });
  });

  it('rejects to move a job that another process is moving, so that the event comes again', async () => {
    const { id } = await submitJob({ jobs, queue: createQueue() }, newJob());
    const to = { pool: 'gpu-16gb', capacity: 'on-demand' } as const;
    batch.beforeAnswer(async () => {
      await expect(createQueue().move(id, 'batch-1', to)).rejects.toMatchObject({ code: 'queue-busy' });
    });
    await createQueue().move(id, 'batch-1', to);
    expect(batch.submitted).toHaveLength(2);
  });
});
