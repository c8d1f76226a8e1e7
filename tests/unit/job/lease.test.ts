import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { LEASE_MS } from '../../../core/job/record/lease-watch.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

const HOUR_MS = 3_600_000;

async function setUp() {
  const time = { dateMs: 1_700_000_000_000, passedMs: 0 };
  const now = () => time.dateMs;
  const jobs = createJobStore({ store: createMemoryStore(), now });
  const { id } = await jobs.create(newJob());
  const renew = (owner: string) => updateLeased({ jobs, now }, id, owner, (job) => job);
  /** Tries to take the job on a machine with a date of its own; `meanwhile` happens in each of its pauses. */
  const take = (
    owner: string,
    { aheadMs = 0, meanwhile }: { aheadMs?: number; meanwhile?: () => unknown } = {},
  ) =>
    acquireLease(
      {
        jobs,
        now: () => now() + aheadMs,
        clock: () => time.passedMs,
        async pause(ms) {
          time.passedMs += ms;
          await meanwhile?.();
        },
      },
      id,
      owner,
    );
  return { time, jobs, id, take, renew };
}

describe('acquireLease', () => {
  it('admits one attempt at a time', async () => {
    const { jobs, id, take, renew } = await setUp();
    const meanwhile = async () => renew((await jobs.get(id))?.lease?.owner ?? '');
    const attempts = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((owner) => take(owner, { meanwhile })),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await jobs.get(id)).toMatchObject({ status: 'running', attempts: 1 });
  });

  it.each([-5 * HOUR_MS, 0, 5 * HOUR_MS])(
    'takes a job whose holder is silent for the length of a lease, and tells it, with a clock %i ms ahead',
    async (aheadMs) => {
      const { time, take, renew } = await setUp();
      await take('first');
      expect(await take('second', { aheadMs })).toMatchObject({ attempts: 2, lease: { owner: 'second' } });
      expect(time.passedMs).toBe(LEASE_MS);
      await expect(renew('first')).rejects.toMatchObject({ code: 'lease-lost' });
    },
  );

  it.each([-5 * HOUR_MS, 0, 5 * HOUR_MS])(
    'leaves a job whose holder is alive at its next renewal, with a clock %i ms ahead',
    async (aheadMs) => {
      const { time, take, renew } = await setUp();
      await take('first');
      const meanwhile = () => (time.passedMs > LEASE_MS / 2 ? renew('first') : undefined);
      await expect(take('second', { aheadMs, meanwhile })).rejects.toMatchObject({ code: 'lease-lost' });
    },
  );

  it('sees a renewal though the date of the holder stands still', async () => {
    const { jobs, id, take, renew } = await setUp();
    await take('first');
    const before = (await jobs.get(id))?.lease;
    await renew('first');
    const after = (await jobs.get(id))?.lease;
    expect([after?.expiresAtMs, after?.renewals]).toEqual([before?.expiresAtMs, 1]);
  });

  it('takes over at once from an earlier attempt at the same Batch job, and from no other', async () => {
    const { jobs, id } = await setUp();
    const waits: number[] = [];
    const deps = (batchJobId: string, attempt: number) => ({
      jobs,
      now: Date.now,
      batch: { jobId: batchJobId, attempt },
      clock: () => waits.reduce((sum, ms) => sum + ms, 0),
      pause: async (ms: number) => waits.push(ms),
    });
    await acquireLease(deps('batch:0', 1), id, 'first');
    expect(await acquireLease(deps('batch:0', 2), id, 'second')).toMatchObject({ attempts: 2 });
    expect(waits).toEqual([]);
    await acquireLease(deps('batch:1', 3), id, 'third');
    expect(waits).not.toEqual([]);
  });

  it('gives up the wait where its own process is to end', async () => {
    const { jobs, id, take } = await setUp();
    await take('first');
    const signal = AbortSignal.abort();
    await expect(acquireLease({ jobs, now: Date.now, signal }, id, 'second')).rejects.toMatchObject({
      code: 'lease-lost',
    });
  });
});

describe('a held job', () => {
  it('is given up with its end', async () => {
    const { jobs, id, take } = await setUp();
    await take('first');
    const now = Date.now;
    expect(
      await updateLeased({ jobs, now }, id, 'first', (job) => ({ ...job, status: 'succeeded' })),
    ).toMatchObject({ lease: null });
    await expect(take('second')).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it.each([
    ['status', { status: 'queued' }],
    ['lease', { lease: null }],
    ['result', { result: { testAccuracy: 1, trainedImages: 1, maxParityDifference: 0 } }],
    ['attempts', { attempts: 0 }],
  ] satisfies [string, Partial<JobRecord>][])('keeps others from writing its %s', async (_, change) => {
    const { jobs, id, take } = await setUp();
    const held = await take('first');
    await expect(jobs.update(id, (job) => ({ ...job, ...change }))).rejects.toMatchObject({
      code: 'lease-lost',
    });
    expect(await jobs.get(id)).toEqual(held);
  });

  it('takes requests from anybody, and its holder reads them with its next write', async () => {
    const { jobs, id, take, renew } = await setUp();
    await take('first');
    expect(await jobs.requestCancel(id)).toMatchObject({ status: 'running', lease: { owner: 'first' } });
    expect(await renew('first')).toMatchObject({ cancelRequested: true });
  });
});
