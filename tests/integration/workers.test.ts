// Workers as processes over one store, with trainers that train nothing. `npm run test:workers` does it with more of them, and kills.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submitJob } from '../../core/job/queues/job-queue.ts';
import { createWorkerRecords } from '../../core/job/queues/workers/worker-records.ts';
import { createWorkersQueue } from '../../core/job/queues/workers/workers-queue.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { newJob } from '../support/new-job.ts';
import { startS3 } from '../support/start-s3.ts';
import { bundleWorker, endWorker, startWorker, type WorkerPrograms } from '../support/worker-process.ts';

const WORKERS = 2;
const TIMEOUT_MS = 120_000;

const folder = await mkdtemp(path.join(tmpdir(), 'fovea-workers-'));
const children: ChildProcess[] = [];
let programs: WorkerPrograms;
beforeAll(async () => {
  programs = await bundleWorker();
});
afterAll(async () => {
  await Promise.all(children.map((child) => endWorker(child, 'SIGKILL')));
  await rm(folder, { recursive: true, force: true });
  await rm(programs.folder, { recursive: true, force: true });
});

const s3 = await startS3();
afterAll(async () => s3.options && s3.stop());
if (s3.options !== undefined) await s3.createBucket('workers');
const stores = [
  { name: 'a folder', storeUrl: pathToFileURL(folder).href, env: {}, jobs: 4 },
  ...(s3.options === undefined
    ? []
    : [{ name: 'S3', storeUrl: 's3://workers/here', env: s3.environment, jobs: 2 }]),
];
if (s3.options === undefined) console.warn(`Workers are not tested on S3: ${s3.reason}.`);

describe.each(stores)('workers over $name', ({ storeUrl, env, jobs: jobCount }) => {
  const open = async () => {
    const store = await openObjectStore(storeUrl, s3.options === undefined ? {} : { s3: s3.options });
    const jobs = createJobStore({ store, now: Date.now });
    const workers = createWorkerRecords({ store, now: Date.now });
    return { store, jobs, workers, queue: createWorkersQueue({ workers }) };
  };
  const start = async (name: string, steps: number, stepMs: number) => {
    const child = await startWorker({ programs, storeUrl, name, steps, stepMs, env });
    children.push(child);
    return child;
  };

  it('run each job once, and give the one at hand back when they are told to stop', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { store, jobs, workers, queue } = await open();
    const submit = async (changes = {}) => (await submitJob({ jobs, queue }, newJob(changes))).id;
    const until = async (id: string, isThere: (job: JobRecord) => boolean) => {
      for (;;) {
        const job = await jobs.get(id);
        if (job !== undefined && isThere(job)) return job;
        await delay(20);
      }
    };

    const long = await submit();
    const leaving = await start('leaving', 1000, 100);
    await until(long, ({ furthest }) => furthest !== null);
    expect(await jobs.get(long)).toMatchObject({ lease: { worker: 'leaving' } });
    expect(await workers.list()).toMatchObject([{ name: 'leaving', job: { id: long }, isLost: false }]);
    await endWorker(leaving, 'SIGTERM');
    expect(await jobs.get(long)).toMatchObject({ status: 'queued', lease: null, attempts: 0 });
    expect(await workers.list()).toEqual([]);

    const gpu = await submit({ backend: 'gpu' });
    const ids = [long];
    for (let index = 1; index < jobCount; index++) ids.push(await submit());
    const sweep = await submit({ sweep: { learning_rate_multiplier: [1, 2] } });
    await Promise.all(Array.from({ length: WORKERS }, (_, index) => start(`worker ${index}`, 2, 50)));
    const ends = await Promise.all(
      [...ids, sweep].map((id) => until(id, ({ finishedAt }) => finishedAt !== null)),
    );

    expect(ends.map(({ status }) => status)).toEqual(ends.map(() => 'succeeded'));
    expect(ends.map(({ attempts }) => attempts)).toEqual(ends.map(() => 1));
    const begun: Record<string, number> = {};
    for await (const { key } of store.list('cache/begun/')) {
      const [, , id = '', part] = key.split('/');
      const work = `${id === sweep ? 'sweep' : id} ${part}`;
      begun[work] = (begun[work] ?? 0) + 1;
    }
    expect(begun).toEqual({
      ...Object.fromEntries(ids.map((id) => [`${id} job`, id === long ? 2 : 1])),
      'sweep 1': 1,
      'sweep 2': 1,
      'sweep job': 1,
    });
    expect(ends.at(-1)?.trials).toMatchObject([{ trial: 1 }, { trial: 2 }]);
    expect(await jobs.get(gpu)).toMatchObject({ status: 'queued', attempts: 0 });
  });
});
