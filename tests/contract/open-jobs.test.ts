// Open jobs are found without reading every record, and none is lost at any point of a crash: on every driver.

import { describe, expect, it } from 'vitest';
import { createJobStore } from '../../core/job/job-store.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { eachDriver } from '../support/each-driver.ts';
import { newJob } from '../support/new-job.ts';

function setUp(store: ObjectStore) {
  const time = { nowMs: 1_700_000_000_000 };
  const jobs = createJobStore({ store, now: () => time.nowMs });
  const create = async () => {
    time.nowMs += 1;
    return (await jobs.create(newJob())).id;
  };
  const finish = (id: string) => jobs.update(id, (job) => ({ ...job, status: 'failed' }));
  const openIds = async () => {
    const ids: string[] = [];
    for await (const { id } of jobs.open()) ids.push(id);
    return ids;
  };
  return { jobs, create, finish, openIds };
}

const keysUnder = async (store: ObjectStore, prefix: string) => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

await eachDriver((name, open) => {
  describe(`open jobs: ${name}`, () => {
    it('gives those that are not over, oldest first', async () => {
      const { create, finish, openIds } = setUp(await open());
      const [first, second, third] = [await create(), await create(), await create()];
      expect(await openIds()).toEqual([first, second, third]);
      await finish(second);
      expect(await openIds()).toEqual([first, third]);
    });

    it('gives those of a store that has no keys for them once it was checked', async () => {
      const store = await open();
      const { jobs, create, finish, openIds } = setUp(store);
      const [first, second, third] = [await create(), await create(), await create()];
      await finish(second);
      for (const key of await keysUnder(store, keys.openJobs())) await store.delete(key);
      expect(await openIds()).toEqual([]);
      expect(await jobs.checkOpen()).toBe(2);
      expect(await openIds()).toEqual([first, third]);
      expect(await jobs.checkOpen()).toBe(0);
    });

    it('gives those that an earlier version made after the last check', async () => {
      const store = await open();
      const { jobs, create, openIds } = setUp(store);
      const first = await create();
      await jobs.checkOpen();
      const second = await create();
      const [, key] = await keysUnder(store, keys.openJobs());
      await store.delete(key as string);
      expect(await openIds()).toEqual([first]);
      expect(await jobs.checkOpen()).toBe(1);
      expect(await openIds()).toEqual([first, second]);
    });

    it('goes through all records where what the last check left cannot be read', async () => {
      const store = await open();
      const { jobs, create, openIds } = setUp(store);
      const id = await create();
      await jobs.checkOpen();
      for (const key of await keysUnder(store, keys.openJobs())) await store.delete(key);
      await store.put(keys.openJobsChecked(), 'damaged');
      expect(await jobs.checkOpen()).toBe(1);
      expect(await openIds()).toEqual([id]);
    });
  });
});
