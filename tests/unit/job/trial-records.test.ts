// Trials that run side by side, each with a record of its own beside its job's.

import { beforeEach, describe, expect, it } from 'vitest';
import { NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import type { Trial } from '../../../core/job/recipe/sweep.ts';
import { type JobRecord, toPaused } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { LEASE_MS } from '../../../core/job/record/lease-watch.ts';
import { addTrialSpending, type OpenTrial, openTrial } from '../../../core/job/record/trial-records.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';

const SWEEP = { learning_rate_multiplier: [1, 2] };
const now = () => 1_700_000_000_000;

const result = (trial: number, validationLoss: number): Trial => ({
  trial,
  settings: { learning_rate_multiplier: trial },
  validationLoss,
  validationAccuracy: 0.5,
  givenUp: { savings: NO_SAVINGS, taken: [] },
});

describe('openTrial', () => {
  let store: ObjectStore;
  let jobs: JobStore;
  let id: string;

  beforeEach(async () => {
    store = createMemoryStore();
    jobs = createJobStore({ store, now });
    ({ id } = await jobs.create(newJob({ sweep: SWEEP, maxCostUsd: 3 })));
  });

  const open = async (trial: number) => (await openTrial({ store, jobs, now }, id, trial)) as OpenTrial;
  const jobOf = async () => (await jobs.get(id)) as JobRecord;
  /** The record of a trial as an attempt at it sees it. */
  const take = (trial: OpenTrial) => acquireLease({ jobs: trial, now }, id, 'trainer');

  it('gives a trial of a paused job back to the queue, and lets nobody begin another', async () => {
    const first = await open(1);
    await take(first);
    await jobs.requestPause(id);
    const asked = await updateLeased({ jobs: first, now }, id, 'trainer', (record) => record);
    expect(asked.pauseRequested).toBe(true);
    const left = await updateLeased({ jobs: first, now }, id, 'trainer', toPaused);
    expect(left).toMatchObject({ status: 'queued', lease: null });
    expect(await open(2)).toBeUndefined();
    await jobs.resume(id);
    expect(await take(await open(1))).toMatchObject({ status: 'running', attempts: 2 });
  });

  it("gives a trial a job's record with its settings, its share of the budget and a lease of its own", async () => {
    const [first, second] = [await open(1), await open(2)];
    expect(await take(first)).toMatchObject({ hyperparameters: { learning_rate_multiplier: 1 } });
    expect(await take(second)).toMatchObject({
      id,
      status: 'running',
      hyperparameters: { learning_rate_multiplier: 2 },
      maxCostUsd: 1.5,
      attempts: 1,
    });
    const pause = () => updateLeased({ jobs: first, now }, id, 'trainer', (record) => record);
    await expect(acquireLease({ jobs: await open(1), now, pause }, id, 'other')).rejects.toMatchObject({
      code: 'lease-lost',
    });
    expect(await jobOf()).toMatchObject({ status: 'running', lease: null, attempts: 0, maxCostUsd: 3 });
    expect((await jobs.list({ limit: 10 })).jobs).toHaveLength(1);
  });

  it("tells of a trial among its job's events", async () => {
    const trial = await open(2);
    await trial.appendEvent(id, { level: 'warn', type: 'message', message: 'Slow.', data: { x: 1 } });
    expect((await jobs.events(id, { limit: 1 })).events).toMatchObject([
      { level: 'warn', message: 'Trial 2/2: Slow.', data: { x: 1, trial: 2 } },
    ]);
  });

  it('keeps the results in order', async () => {
    const [first, second] = [await open(1), await open(2)];
    await take(second);
    await second.addResult(result(2, 0.1));
    await first.addResult(result(1, 0.2));
    expect(await jobOf()).toMatchObject({ trials: [{ trial: 1 }, { trial: 2 }] });
  });

  it('has nothing to do where the trial, the job, or the time of trials side by side is over', async () => {
    await (await open(1)).addResult(result(1, 0.5));
    expect(await open(1)).toBeUndefined();
    await acquireLease({ jobs, now }, id, 'one trainer for all');
    expect(await open(2)).toBeUndefined();
    await updateLeased({ jobs, now }, id, 'one trainer for all', (job) => ({ ...job, status: 'succeeded' }));
    expect(await open(2)).toBeUndefined();
  });

  it('stops a trial whose job one trainer has taken over, without a result', async () => {
    const trial = await open(2);
    await take(trial);
    await acquireLease({ jobs, now }, id, 'one trainer for all');
    await expect(trial.update(id, (record) => record)).rejects.toMatchObject({ code: 'lease-lost' });
    await trial.addResult(result(2, 0.5));
    expect((await jobOf()).trials).toEqual([]);
  });

  it('hears of a cancellation, and ends the job', async () => {
    const trial = await open(1);
    await take(trial);
    await jobs.requestCancel(id);
    expect(await trial.update(id, (record) => record)).toMatchObject({ cancelRequested: true });
    expect(await jobOf()).toMatchObject({ status: 'running' });
    await trial.close();
    expect(await jobOf()).toMatchObject({ status: 'cancelled' });
  });

  it('is taken over from an attempt that is silent for the length of a lease', async () => {
    const trial = await open(1);
    await take(trial);
    let passedMs = 0;
    const pause = async (ms: number) => {
      passedMs += ms;
    };
    const hoursBehind = () => now() - 5 * 3_600_000;
    const other = { jobs: trial, now: hoursBehind, clock: () => passedMs, pause };
    expect(await acquireLease(other, id, 'other')).toMatchObject({ attempts: 2, lease: { owner: 'other' } });
    expect(passedMs).toBe(LEASE_MS);
  });

  it('adds up what the trials have spent, once', async () => {
    for (const number of [1, 2]) {
      const trial = await open(number);
      await take(trial);
      const spent = { seconds: 10 * number, usd: number };
      await updateLeased({ jobs: trial, now }, id, 'trainer', (record) => ({ ...record, spent }));
      await trial.close();
    }
    expect((await jobOf()).spent).toEqual({ seconds: 30, usd: 3 });
    await store.put(keys.jobTrial(id, 1), 'damaged');
    await addTrialSpending({ store, jobs }, id);
    expect((await jobOf()).spent).toEqual({ seconds: 30, usd: 3 });
    await jobs.update(id, (job) => ({ ...job, spent: { seconds: 31, usd: 3.1 } }));
    await addTrialSpending({ store, jobs }, id);
    expect((await jobOf()).spent).toEqual({ seconds: 31, usd: 3.1 });
  });
});
