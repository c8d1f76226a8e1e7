import { expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/job-store.ts';
import { acquireLease, LEASE_MS, updateHeld } from '../../../core/job/lease.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

async function setUp() {
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const jobs = createJobStore({ store: createMemoryStore(), now });
  return { clock, deps: { jobs, now }, id: (await jobs.create(newJob())).id };
}

it('admits one attempt at a time', async () => {
  const { deps, id } = await setUp();
  const owners = ['a', 'b', 'c', 'd'];
  const attempts = await Promise.allSettled(owners.map((owner) => acquireLease(deps, id, owner)));
  const winners = attempts.filter(({ status }) => status === 'fulfilled');
  expect(winners).toHaveLength(1);
  expect(await deps.jobs.get(id)).toMatchObject({ status: 'running', attempts: 1 });
});

it('hands a job over once its lease has run out, and tells the former holder', async () => {
  const { deps, clock, id } = await setUp();
  await acquireLease(deps, id, 'first');
  clock.nowMs += LEASE_MS - 1;
  await expect(acquireLease(deps, id, 'second')).rejects.toMatchObject({ code: 'lease-lost' });
  clock.nowMs += 1;
  expect(await acquireLease(deps, id, 'second')).toMatchObject({ attempts: 2, lease: { owner: 'second' } });
  await expect(updateHeld(deps, id, 'first', (job) => job)).rejects.toMatchObject({ code: 'lease-lost' });
});

it('renews the lease with every change and gives it up at the end', async () => {
  const { deps, clock, id } = await setUp();
  await acquireLease(deps, id, 'first');
  clock.nowMs += LEASE_MS - 1;
  await updateHeld(deps, id, 'first', (job) => job);
  clock.nowMs += LEASE_MS - 1;
  await expect(acquireLease(deps, id, 'second')).rejects.toMatchObject({ code: 'lease-lost' });
  expect(await updateHeld(deps, id, 'first', (job) => ({ ...job, status: 'succeeded' }))).toMatchObject({
    lease: null,
  });
  await expect(acquireLease(deps, id, 'second')).rejects.toMatchObject({ code: 'lease-lost' });
});
