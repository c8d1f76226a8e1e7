import { expect, it } from 'vitest';
import { createWaitingJobs } from '../../../core/job/queues/local/waiting-jobs.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { LEASE_MS } from '../../../core/job/record/lease-watch.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

const HOUR_MS = 3_600_000;

function setUp() {
  const time = { dateMs: 1_700_000_000_000, passedMs: 0 };
  const now = () => time.dateMs;
  const jobs = createJobStore({ store: createMemoryStore(), now });
  const create = async () => {
    time.dateMs += 1;
    return (await jobs.create(newJob())).id;
  };
  const waiting = createWaitingJobs({ jobs, now, clock: () => time.passedMs });
  return { time, jobs, create, waiting, deps: { jobs, now } };
}

it('gives the oldest job that nobody holds', async () => {
  const { waiting, create, deps } = setUp();
  expect(await waiting.next()).toBeUndefined();
  const [held, oldest] = [await create(), await create(), await create()];
  await acquireLease(deps, held, 'somebody');
  expect((await waiting.next())?.id).toBe(oldest);
});

it('leaves a paused job alone, and pauses one whose holder died before it could', async () => {
  const { time, jobs, waiting, create, deps } = setUp();
  const id = await create();
  await jobs.requestPause(id);
  expect(await waiting.next()).toBeUndefined();
  await jobs.resume(id);
  await acquireLease(deps, id, 'killed');
  await jobs.requestPause(id);
  await waiting.next();
  time.passedMs += LEASE_MS;
  expect(await waiting.next()).toBeUndefined();
  expect(await jobs.get(id)).toMatchObject({ status: 'paused', lease: null });
});

it.each([-5 * HOUR_MS, 5 * HOUR_MS])(
  'frees a job whose holder has been silent for the length of a lease, though the date moved by %i ms',
  async (stepMs) => {
    const { time, jobs, waiting, create, deps } = setUp();
    const id = await create();
    await acquireLease(deps, id, 'killed');
    time.dateMs += stepMs;
    expect(await waiting.next()).toBeUndefined();
    time.passedMs += LEASE_MS - 1;
    expect(await waiting.next()).toBeUndefined();
    time.passedMs += 1;
    expect(await waiting.next()).toMatchObject({ id, status: 'queued', lease: null, attempts: 1 });
    expect(await jobs.get(id)).toMatchObject({ status: 'queued', lease: null });
  },
);

it('leaves a job whose holder renews its lease, however rarely the worker looks', async () => {
  const { time, waiting, create, deps } = setUp();
  const id = await create();
  await acquireLease(deps, id, 'alive');
  for (let look = 0; look < 4; look++) {
    expect(await waiting.next()).toBeUndefined();
    time.passedMs += 2 * LEASE_MS;
    await updateLeased(deps, id, 'alive', (job) => job);
  }
  expect(await waiting.next()).toBeUndefined();
});

it('cancels a job as requested when its holder is dead', async () => {
  const { time, jobs, waiting, create, deps } = setUp();
  const id = await create();
  await acquireLease(deps, id, 'killed');
  await jobs.requestCancel(id);
  await waiting.next();
  time.passedMs += LEASE_MS;
  expect(await waiting.next()).toBeUndefined();
  expect(await jobs.get(id)).toMatchObject({ status: 'cancelled', lease: null });
});
