// Workers as processes over one store, with trainers that train nothing. `npm run test:workers` does it with more of them, and kills.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3 } from '../support/start-s3.ts';
import { openStubStore } from '../support/stub-store.ts';
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
  { name: 'a folder', storeUrl: pathToFileURL(folder).href, env: {}, jobCount: 3, sweepCount: 1 },
  ...(s3.options === undefined
    ? []
    : [{ name: 'S3', storeUrl: 's3://workers/here', env: s3.environment, jobCount: 1, sweepCount: 0 }]),
];
if (s3.options === undefined) console.warn(`Workers are not tested on S3: ${s3.reason}.`);

describe.each(stores)('workers over $name', ({ storeUrl, env, jobCount, sweepCount }) => {
  const start = async (name: string, steps: number, stepMs: number) => {
    const child = await startWorker({ programs, storeUrl, name, steps, stepMs, env });
    children.push(child);
    return child;
  };

  it('run each job once, and give the one at hand back when they are told to stop', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const stub = await openStubStore(storeUrl, s3.options);
    const { jobs, workers } = stub;
    const [long = ''] = await stub.submit(1);
    const leaving = await start('leaving', 1000, 100);
    await stub.until(long, ({ furthest }) => furthest !== null);
    expect(await jobs.get(long)).toMatchObject({ lease: { worker: 'leaving' } });
    expect(await workers.list()).toMatchObject([{ name: 'leaving', job: { id: long }, isLost: false }]);
    await endWorker(leaving, 'SIGTERM');
    expect(await jobs.get(long)).toMatchObject({ status: 'queued', lease: null, attempts: 0 });
    expect(await workers.list()).toEqual([]);

    const [gpu = ''] = await stub.submit(1, { backend: 'gpu' });
    const ids = await stub.submit(jobCount);
    const sweeps = await stub.submit(sweepCount, { sweep: { learning_rate_multiplier: [1, 2] } });
    await Promise.all(Array.from({ length: WORKERS }, (_, index) => start(`worker ${index}`, 2, 50)));
    await stub.untilOver([long, ...ids, ...sweeps], 50);

    expect(await stub.problems(ids, { isOnce: true })).toEqual([]);
    expect(await stub.problems([long, ...sweeps], { isOnce: false })).toEqual([]);
    expect(await stub.begun()).toEqual({
      ...Object.fromEntries(ids.map((id) => [`${id} job`, 1])),
      [`${long} job`]: 2,
      ...Object.fromEntries(
        sweeps.flatMap((id) => [`${id} 1`, `${id} 2`, `${id} job`].map((part) => [part, 1])),
      ),
    });
    for (const id of sweeps)
      expect(await jobs.get(id)).toMatchObject({ attempts: 1, trials: [{ trial: 1 }, { trial: 2 }] });
    expect(await jobs.get(gpu)).toMatchObject({ status: 'queued', attempts: 0 });
  });
});
