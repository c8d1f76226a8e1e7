import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createWaitingJobs } from '../../../core/job/queues/local/waiting-jobs.ts';
import { createBatchId, createdAtMsOf, createJobId } from '../../../core/job/record/job-id.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { aBatch } from '../../support/a-batch.ts';
import { countCalls } from '../../support/counted-store.ts';
import { newJob } from '../../support/new-job.ts';

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 24 * 3_600_000;

const openIds = async (store: ObjectStore) => {
  const ids: string[] = [];
  for await (const { id } of createJobStore({ store, now: () => NOW_MS }).open()) ids.push(id);
  return ids;
};

const keysUnder = async (store: ObjectStore, prefix: string) => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

/** A store whose process dies at its n-th write: that write and all later ones fail. */
function dyingStore(store: ObjectStore, writes: number): ObjectStore {
  let left = writes;
  const live = <T>(work: () => Promise<T>) => {
    left -= 1;
    return left < 0 ? Promise.reject(new FoveaError('storage-unavailable', 'The process is dead.')) : work();
  };
  return {
    ...store,
    put: (key, body, options) => live(() => store.put(key, body, options)),
    delete: (key, options) => live(() => store.delete(key, options)),
  };
}

describe('a crash', () => {
  it.each([0, 1, 2])('after %i writes of a new job loses no job', async (writes) => {
    const store = createMemoryStore();
    const dying = createJobStore({ store: dyingStore(store, writes), now: () => NOW_MS });
    await dying.create(newJob()).catch(() => undefined);
    const records = (await keysUnder(store, keys.jobs())).length;
    expect(records).toBe(writes < 2 ? 0 : 1);
    expect(await openIds(store)).toHaveLength(records);
  });

  it.each([0, 1, 2])('after %i writes of the end of a job leaves none open that is over', async (writes) => {
    const store = createMemoryStore();
    const { id } = await createJobStore({ store, now: () => NOW_MS }).create(newJob());
    const dying = createJobStore({ store: dyingStore(store, writes), now: () => NOW_MS });
    await dying.requestCancel(id).catch(() => undefined);
    expect(await openIds(store)).toEqual(writes === 0 ? [id] : []);
    if (writes > 0) expect(await keysUnder(store, keys.openJobs())).toEqual([]);
  });

  it('before the record of a job leaves a key that a check removes after a day', async () => {
    let date = new Date(NOW_MS);
    const store = createMemoryStore({ now: () => date });
    await createJobStore({ store: dyingStore(store, 1), now: () => NOW_MS })
      .create(newJob())
      .catch(() => undefined);
    await createJobStore({ store, now: () => NOW_MS + DAY_MS }).checkOpen();
    const keysOfJobs = async () =>
      (await keysUnder(store, keys.openJobs())).filter((key) => keys.openJobId(key) !== undefined);
    expect(await keysOfJobs()).toHaveLength(1);
    await createJobStore({ store, now: () => NOW_MS + DAY_MS + 1 }).checkOpen();
    expect(await keysOfJobs()).toEqual([]);

    // The same where its maker only took a day over it.
    const [made] = await Promise.all([
      createJobStore({
        store: {
          ...store,
          async put(key, body, options) {
            if (key.startsWith(keys.jobs()))
              await createJobStore({ store, now: () => NOW_MS + 2 * DAY_MS }).checkOpen();
            return store.put(key, body, options);
          },
        },
        now: () => NOW_MS,
      }).create(newJob()),
    ]);
    expect(await openIds(store)).toEqual([made.id]);
    date = new Date(0);
  });
});

describe('with thousands of jobs that are over', () => {
  it('starting the next one reads its record alone, and a page of a list reads the page', async () => {
    const memory = createMemoryStore();
    const now = () => NOW_MS;
    const plain = createJobStore({ store: memory, now });
    const template = await plain.create(newJob());
    await plain.requestCancel(template.id);
    const over = (await plain.get(template.id)) as object;
    for (let index = 1; index < 2000; index++) {
      const id = createJobId(NOW_MS - index);
      await memory.put(keys.job(id), JSON.stringify({ ...over, id }));
    }
    await plain.checkOpen();

    const store = countCalls(memory);
    const jobs = createJobStore({ store, now });
    const { id } = await jobs.create(newJob());
    expect(store.takeCounts()).toMatchObject({ get: 0, head: 1, put: 2, listed: 0 });
    expect(await createWaitingJobs({ jobs, now }).next()).toMatchObject({ id });
    expect(store.takeCounts()).toMatchObject({ get: 1, listed: 1 });
    expect((await jobs.list({ limit: 20 })).jobs).toHaveLength(20);
    expect(store.takeCounts()).toMatchObject({ get: 20, listed: 21 });
    expect(await jobs.checkOpen()).toBe(0);
    expect(store.takeCounts().get).toBeLessThanOrEqual(1);
  });
});

it('tells the time of an id, and orders keys by it', () => {
  for (const nowMs of [0, 1, NOW_MS, 2 ** 48 - 1]) expect(createdAtMsOf(createJobId(nowMs))).toBe(nowMs);
  expect(createdAtMsOf('ftjob-x')).toBe(0);
  const made = [0, 9, 10, NOW_MS, NOW_MS + 1].map((nowMs) => keys.openJob(createJobId(nowMs), nowMs));
  expect([...made].sort()).toEqual(made);
  expect(keys.openJobId(keys.openJob('ftjob-x', 0))).toBe('ftjob-x');
  expect(keys.openJobId(keys.openJobsChecked())).toBeUndefined();
});

it('batch predictions whose keys were lost are found again', async () => {
  const store = createMemoryStore();
  const jobs = createJobStore({ store, now: () => NOW_MS });
  const id = createBatchId(NOW_MS);
  await jobs.create(newJob({ prediction: aBatch() }), { id });
  await jobs.create(newJob());
  await jobs.checkOpen();
  for (const key of await keysUnder(store, keys.openJobs())) await store.delete(key);
  expect(await openIds(store)).toEqual([]);
  expect(await jobs.checkOpen()).toBe(2);
  expect(await openIds(store)).toContain(id);
});
