// Batch predictions as processes carry them out: killed and gone on with, in shards, cancelled, expired, with pictures that cannot be read.

import { expect, it } from 'vitest';
import { runBatch, runShard } from '../../../batch-job/run-batch.ts';
import { writeInputChunk } from '../../../core/batch-prediction/input-picture.ts';
import { listInput } from '../../../core/batch-prediction/list-input.ts';
import { toBatchJob } from '../../../core/batch-prediction/new-batch-job.ts';
import { planInput } from '../../../core/batch-prediction/plan-input.ts';
import { listResults, readResultLines } from '../../../core/batch-prediction/results.ts';
import { FoveaError } from '../../../core/errors/errors.ts';
import { withoutHolder } from '../../../core/job/queues/local/waiting-jobs.ts';
import type { BatchPrediction } from '../../../core/job/record/batch-prediction.ts';
import { createBatchId } from '../../../core/job/record/job-id.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { aBatch } from '../../support/a-batch.ts';
import { batchDeps } from '../../support/batch-deps.ts';
import { COLORS, colorPicture, commitColorModel } from '../../support/color-model.ts';
import type { AnyJson } from '../../support/test-app.ts';

const PICTURES = 23;

/** A batch over pictures of all colors by turns; the fourth is no picture, and the ninth has no bytes. */
async function openBatch(changes: Partial<BatchPrediction> = {}) {
  const store = createMemoryStore();
  const jobs = createJobStore({ store, now: Date.now });
  const manifest = await commitColorModel(store);
  const encoded = await Promise.all(COLORS.map((color) => colorPicture(color)));
  for (let index = 0; index < PICTURES; index++) {
    const key = `inputs/${String(index).padStart(3, '0')}.png`;
    const picture = encoded[index % COLORS.length] ?? new Uint8Array();
    await store.put(key, index === 3 ? 'no picture' : index === 8 ? new Uint8Array() : picture);
  }
  const id = createBatchId(Date.now());
  const batch = aBatch(changes);
  const listed = listInput(store, batch.source, { param: 'input_prefix', endpoint: batch.endpoint });
  const { pictures } = await planInput(listed, {
    param: 'input_prefix',
    chunkSize: batch.chunkSize,
    write: (chunk, lines) => writeInputChunk(store, id, chunk, lines),
  });
  await jobs.create(toBatchJob(manifest, { ...batch, pictures }, {}), { id });
  await jobs.update(id, (job) => ({ ...job, status: 'queued' }));
  return { store, jobs, id };
}
type OpenBatch = Awaited<ReturnType<typeof openBatch>>;

/** A store whose user is killed when it has written so many chunks of results: from then on, nothing works. */
function dyingAfter(store: ObjectStore, commits: number): ObjectStore {
  let left = commits;
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...parts: unknown[]) => {
        if (left <= 0) throw new Error('killed');
        if (name === 'put' && String(parts[0]).includes('/results/')) left -= 1;
        return value.apply(target, parts);
      };
    },
  });
}

const deps = (store: ObjectStore) => ({ ...batchDeps(store, Date.now), onUnexpectedError: () => undefined });

async function readLines({ store, id }: OpenBatch): Promise<AnyJson[]> {
  const lines: AnyJson[] = [];
  for (const { key } of await listResults(store, id))
    lines.push(...(await readResultLines(store, key)).map((line) => JSON.parse(line)));
  return lines;
}

const kill = async ({ store, jobs, id }: OpenBatch, commits: number) => {
  expect(await runBatch(deps(dyingAfter(store, commits)), id)).toBe('released');
  expect((await jobs.get(id))?.status).toBe('running');
  // Its queue sees that the process is gone.
  await jobs.update(
    id,
    (job) => withoutHolder(job, Date.now()),
    () => true,
  );
};

it('answers every picture once, in order, although it is killed twice; each error is in its own line', async () => {
  const opened = await openBatch();
  await kill(opened, 2);
  await kill(opened, 2);
  expect(await listResults(opened.store, opened.id)).toHaveLength(4);
  expect(await runBatch(deps(opened.store), opened.id)).toBe('succeeded');

  const lines = await readLines(opened);
  expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: PICTURES }, (_, index) => index));
  expect(lines.map(({ key }) => key)).toEqual(
    lines.map((_, at) => `inputs/${String(at).padStart(3, '0')}.png`),
  );
  const failed = lines.filter(({ object }) => object === 'error');
  expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
    [3, 'image-unsupported'],
    [8, 'image-empty'],
  ]);
  for (const { index, label } of lines.filter(({ object }) => object === 'prediction'))
    expect(label).toBe(COLORS[index % COLORS.length]);
  const record = await opened.jobs.get(opened.id);
  expect(record?.prediction?.counts).toEqual({ completed: PICTURES - 2, failed: 2 });
  expect(record?.status).toBe('succeeded');
});

it('gives the scores of a prediction, to the bit, on the threads that a server has', async () => {
  const opened = await openBatch();
  const { openPredictor: _, ...laned } = deps(opened.store);
  await runBatch(laned, opened.id);
  const [line] = await readLines(opened);
  const picture = await opened.store.get('inputs/000.png');
  const predictor = createPredictor({ store: opened.store, threads: 1 });
  const { outcomes } = await predictor.predict({
    model: 'color',
    images: [picture?.body ?? new Uint8Array()],
    topK: 2,
  });
  expect(outcomes[0]).toMatchObject({ predictions: line.predictions });
  predictor.close();
});

it('is ended by the shard that answers the last chunk, and by no other', async () => {
  const opened = await openBatch({ shards: 3 });
  const { store, jobs, id } = opened;
  expect(await runShard(deps(store), id, 1)).toBe('succeeded');
  expect(await runShard(deps(store), id, 3)).toBe('succeeded');
  expect((await jobs.get(id))?.status).toBe('running');
  expect(await runShard(deps(store), id, 2)).toBe('succeeded');
  const record = await jobs.get(id);
  expect(record?.status).toBe('succeeded');
  expect(record?.prediction?.counts).toEqual({ completed: PICTURES - 2, failed: 2 });
  expect((await readLines(opened)).map(({ index }) => index)).toHaveLength(PICTURES);
  const { events } = await jobs.events(id, { limit: 20 });
  expect(events.map(({ message }) => message).join('\n')).toContain('Shard 2/3');
});

it('is finished by one process where a shard was lost', async () => {
  const opened = await openBatch({ shards: 2 });
  const { store, jobs, id } = opened;
  await runShard(deps(store), id, 1);
  await runShard(deps(dyingAfter(store, 1)), id, 2);
  await jobs.update(id, (job) => ({ ...job, status: 'queued' }));
  expect(await runBatch(deps(store), id)).toBe('succeeded');
  const lines = await readLines(opened);
  expect(new Set(lines.map(({ index }) => index)).size).toBe(PICTURES);
  expect(lines).toHaveLength(PICTURES);
});

it('keeps the first answer where two processes answer the same chunk at once', async () => {
  const opened = await openBatch();
  const { store, id } = opened;
  const contested = keys.batchResult(id, 1);
  const theirs = [4, 5, 6, 7].map((index) => `${JSON.stringify({ object: 'error', index, error: {} })}\n`);
  // The other one is just a moment earlier.
  const put: ObjectStore['put'] = async (key, ...rest) => {
    if (key === contested) await store.put(contested, theirs.join(''));
    return store.put(key, ...rest);
  };
  expect(await runBatch(deps({ ...store, put }), id)).toBe('succeeded');
  const lines = await readLines(opened);
  expect(lines).toHaveLength(PICTURES);
  expect(lines[4]).toEqual({ object: 'error', index: 4, error: {} });
  expect((await opened.jobs.get(id))?.prediction?.counts).toEqual({ completed: PICTURES - 6, failed: 6 });
});

it('stops where it is cancelled, and keeps what was answered', async () => {
  const opened = await openBatch();
  const { jobs, id } = opened;
  await kill(opened, 2);
  await jobs.requestCancel(id);
  expect((await jobs.get(id))?.status).toBe('cancelled');
  expect(await runBatch(deps(opened.store), id)).toBe('lease-lost');
  expect(await readLines(opened)).toHaveLength(8);
});

it('begins nothing after its completion window', async () => {
  const opened = await openBatch({ completionWindow: '1h', expiresAt: Math.floor(Date.now() / 1000) - 1 });
  expect(await runBatch(deps(opened.store), opened.id)).toBe('failed');
  expect((await opened.jobs.get(opened.id))?.error?.code).toBe('batch-expired');
  expect(await readLines(opened)).toEqual([]);
});

it('fails where its model was deleted', async () => {
  const opened = await openBatch();
  await opened.store.eraseAll(keys.model('color'));
  expect(await runBatch(deps(opened.store), opened.id)).toBe('failed');
  expect((await opened.jobs.get(opened.id))?.error?.code).toBe('model-not-found');
});

it.each(['storage-link-refused', 'storage-name-not-utf8'] as const)(
  'gives a picture whose reading says %s its own error, and goes on',
  async (code) => {
    const opened = await openBatch();
    const store: ObjectStore = {
      ...opened.store,
      async get(key, options) {
        if (key === 'inputs/005.png') throw new FoveaError(code, 'It cannot be read.');
        return opened.store.get(key, options);
      },
    };
    expect(await runBatch(deps(store), opened.id)).toBe('succeeded');
    expect((await readLines(opened))[5]).toMatchObject({ object: 'error', error: { code } });
    expect((await opened.jobs.get(opened.id))?.prediction?.counts.failed).toBe(3);
  },
);
