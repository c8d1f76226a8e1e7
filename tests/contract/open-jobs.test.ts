// Open jobs are found without reading every record, and none is lost at any point of a crash: on every driver.

import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
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
  return { jobs, time, create, finish, openIds };
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

    it('gives those of a time that is known to be checked once a check looks behind that, or they are asked for', async () => {
      const store = await open();
      const { jobs, time, create, openIds } = setUp(store);
      const [first, second] = [await create(), await create()];
      await jobs.checkOpen();
      const loseKeys = async () => {
        for (const key of await keysUnder(store, keys.openJobs()))
          if (keys.openJobId(key) !== undefined) await store.delete(key);
      };
      await loseKeys();
      expect(await jobs.checkOpen()).toBe(0);
      expect(await jobs.checkOpen({ looksBehind: true })).toBe(2);
      expect(await openIds()).toEqual([first, second]);

      await loseKeys();
      await jobs.confirmOpen((await jobs.get(second)) as JobRecord);
      expect(await openIds()).toEqual([second]);
      // Older than a week, and than all that is open.
      time.nowMs += 8 * 24 * 3_600_000;
      expect(await jobs.checkOpen({ looksBehind: true })).toBe(0);
      await jobs.update(first, (job) => ({ ...job, status: 'running' }));
      await jobs.requestCancel(first);
      expect(await openIds()).toEqual([first, second]);
    });

    it('gives those that are made after one of a clock that ran ahead', async () => {
      const store = await open();
      const { jobs, time, create, openIds } = setUp(store);
      time.nowMs += 3_600_000;
      const ahead = await create();
      await jobs.checkOpen();
      time.nowMs -= 3_600_000;
      for (const _ of ['a mark that ran ahead as well', 'one of this clock']) {
        const id = await create();
        const key = keys.openJob(id, time.nowMs);
        await store.delete(key);
        expect(await jobs.checkOpen()).toBe(1);
        expect(await openIds()).toContain(id);
      }
      expect((await openIds()).at(-1)).toBe(ahead);
    });

    it('knows whether somebody has deleted what a check left', async () => {
      const store = await open();
      const { jobs } = setUp(store);
      expect(await jobs.isOpenChecked()).toBe(false);
      await jobs.checkOpen();
      expect(await jobs.isOpenChecked()).toBe(true);
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
