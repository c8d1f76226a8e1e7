// The whole path on one machine with nothing in place of anything: server, worker, trainer process, files.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WireJob } from '../../api/job.ts';
import { runReproduce } from '../../cli/commands/reproduce.ts';
import { drawSampleDataset } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createClient, type FoveaClient } from '../../client/create-client.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { type LocalServer, startLocalServer } from '../../functions/local-server.ts';
import { makePattern } from '../support/make-dataset.ts';

const DATASET = 'shapes';
const IMAGES_PER_CLASS = 12;

const pictures = new Map<string, Uint8Array>();
let dataDir: string;
let server: LocalServer;
let api: FoveaClient;

async function start(): Promise<void> {
  server = await startLocalServer({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    logger: silentLogger,
  });
  api = createClient({ url: server.url });
}

const createJob = (suffix: string, epochs: number) =>
  api.jobs.create({
    model: 'small_cnn',
    training_file: DATASET,
    suffix,
    seed: 1,
    backend: 'portable',
    hyperparameters: { n_epochs: epochs },
  });

async function waitFor(id: string, isReached: (job: WireJob) => boolean): Promise<WireJob> {
  for (;;) {
    const job = await api.jobs.get(id);
    if (isReached(job)) return job;
    if (['failed', 'cancelled', 'succeeded'].includes(job.status)) {
      throw new Error(`The job ended as ${job.status}: ${job.error?.message}`);
    }
    await delay(50);
  }
}

const isTraining = ({ status, progress }: WireJob) => status === 'running' && progress?.stage === 'training';
const hasSucceeded = ({ status }: WireJob) => status === 'succeeded';

const aPicture = () => [...pictures.values()][0] as Uint8Array;

/** What `fovea reproduce first` prints. */
async function reproduceFirst(): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await runReproduce('first', { url: server.url, data: dataDir, version: '0.0.0' });
  log.mockRestore();
  return lines;
}

/** Status and error of a prediction that is expected to fail. */
const predictionError = (model: string) =>
  api.predict.one(model, aPicture()).then(
    () => undefined,
    ({ status, code, message }) => ({ status, code, message }),
  );

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-local-'));
  await drawSampleDataset(
    async (file, bytes) => {
      pictures.set(file, bytes);
    },
    { imagesPerClass: IMAGES_PER_CLASS, seed: 3 },
  );
  await start();
  for (const [file, bytes] of pictures) await api.datasets.put(DATASET, file, bytes);
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe('startLocalServer', () => {
  it('answers 404 before and while a model is trained, and 200 afterwards and after a restart', async () => {
    const { id } = await createJob('first', 20);
    expect(await predictionError('first')).toMatchObject({
      status: 404,
      message: expect.stringContaining('first'),
    });
    await waitFor(id, isTraining);
    expect(await predictionError('first')).toMatchObject({
      status: 404,
      message: expect.stringContaining(id),
    });

    const done = await waitFor(id, hasSucceeded);
    expect(done.fine_tuned_model).toBe('first:1');
    const before = await api.predict.one('first', aPicture());
    expect(before).toMatchObject({ object: 'prediction', model: 'first', model_version: '1' });
    expect(before.predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);

    await server.stop();
    await start();
    expect((await api.jobs.get(id)).status).toBe('succeeded');
    expect((await api.predict.one('first', aPicture())).predictions).toEqual(before.predictions);

    const version = path.join(dataDir, 'models', 'first', '1');
    expect((await readdir(version)).sort()).toEqual([
      'claim.json',
      'events.out.tfevents.fovea',
      'heatmap.onnx',
      'manifest.json',
      'model-fp16.onnx',
      'model-int8.onnx',
      'model.onnx',
      'parity.json',
      'pictures.index',
      'preprocess.cpp',
      'preprocess.mjs',
      'preprocess.py',
      'preprocessing-check.npy',
      'preprocessing-check.png',
      'preprocessing.json',
      'report.html',
      'report.json',
      'tfjs-model.json',
      'tfjs-weights.bin',
    ]);
    const parity = JSON.parse(await readFile(path.join(version, 'parity.json'), 'utf8'));
    expect(parity.pictures).toBeGreaterThan(0);
    expect(parity.maxDifference).toBeLessThan(1e-5);

    const report = JSON.parse(await readFile(path.join(version, 'report.json'), 'utf8'));
    for (const {
      file,
      precision,
      sizeBytes,
      originalSizeBytes,
      pictures,
      maxDifference,
    } of report.variants) {
      expect((await stat(path.join(version, file))).size).toBe(sizeBytes);
      expect((await stat(path.join(version, 'model.onnx'))).size).toBe(originalSizeBytes);
      expect(sizeBytes / originalSizeBytes).toBeLessThan(precision === 'int8' ? 0.5 : 0.7);
      expect(pictures).toBeGreaterThan(0);
      expect(maxDifference).toBeGreaterThan(0);
    }
    expect(report.variants).toHaveLength(2);
    const manifest = JSON.parse(await readFile(path.join(version, 'manifest.json'), 'utf8'));
    expect(manifest.int8).toMatchObject({ file: 'model-int8.onnx', isEquivalent: expect.any(Boolean) });
    for (const { probabilities, int8 } of parity.golden) expect(int8).toHaveLength(probabilities.length);
    expect(await readFile(path.join(version, 'report.html'), 'utf8')).toContain('model-int8.onnx');
  });

  it('answers for the names of this machine alone, and no page of another site changes anything', async () => {
    const { port } = new URL(server.url);
    const ask = (headers: Record<string, string>, method = 'GET') =>
      new Promise<number | undefined>((resolve, reject) => {
        const path = '/v1/fine_tuning/jobs';
        request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await ask({ host: `localhost:${port}` })).toBe(200);
    expect(await ask({ host: `evil.example:${port}` })).toBe(403);
    expect(await ask({ host: `localhost:${port}`, origin: 'https://evil.example' }, 'POST')).toBe(403);
  });

  it('makes a model again from its report, with the same bits', async () => {
    const lines = await reproduceFirst();
    expect(process.exitCode).toBeUndefined();
    expect(lines.at(-1)).toContain('Reproduced');
    const [first, again] = await Promise.all(
      ['first', 'first-reproduced'].map((model) => api.models.manifest(model)),
    );
    expect(again?.onnx.sha256).toBe(first?.onnx.sha256);
    expect(lines.join('\n')).toMatch(/data, sha256 +the same/);
  });

  it('goes on with a job that a stop of the server interrupted', async () => {
    const { id } = await createJob('stopped', 20);
    await waitFor(id, isTraining);
    await server.stop();
    await start();
    const interrupted = await api.jobs.get(id);
    expect(['queued', 'running']).toContain(interrupted.status);
    await waitFor(id, hasSucceeded);
    expect((await api.predict.one('stopped', aPicture())).model_version).toBe('1');
  });

  it('goes on with a job whose trainer was killed', async () => {
    const { id } = await createJob('killed', 20);
    await waitFor(id, isTraining);
    execFileSync('pkill', ['-KILL', '--parent', String(process.pid), '--full', 'batch-job/main.ts']);
    await waitFor(id, hasSucceeded);
    const events = await api.jobs.eventsSince(id);
    expect(events.map(({ message }) => message).join('\n')).toContain('by signal SIGKILL');
  });

  it('cancels a running job within seconds', async () => {
    const { id } = await createJob('cancelled', 500);
    await waitFor(id, isTraining);
    const startedMs = performance.now();
    await fetch(new URL(`/v1/fine_tuning/jobs/${id}/cancel`, server.url), { method: 'POST' });
    await waitFor(id, ({ status }) => status === 'cancelled');
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(await predictionError('cancelled')).toMatchObject({ status: 404 });
  });

  it('fails a job that no weights are to be had for, saying how to supply them', async () => {
    const { id } = await api.jobs.create({
      model: 'mobilenet_v2_0.35',
      training_file: DATASET,
      suffix: 'weightless',
    });
    const failed = await waitFor(id, ({ status }) => status === 'failed');
    expect(failed.error).toMatchObject({
      code: 'weights-unavailable',
      message: expect.stringContaining('https://'),
    });
  });

  it('deletes at its start what a job that was killed left behind, and old features', async () => {
    await server.stop();
    const write = async (key: string, daysAgo: number) => {
      const file = path.join(dataDir, key);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, 'x');
      const writtenAt = new Date(Date.now() - daysAgo * 24 * 3600 * 1000);
      await utimes(file, writtenAt, writtenAt);
      return () =>
        stat(file).then(
          () => true,
          () => false,
        );
    };
    const old = [
      await write('checkpoints/ftjob-gone/00000001.checkpoint', 15),
      await write('cache/features/ab/abcd', 91),
      // By processes that were killed: while they answered a request, received a file in parts, and moved a file.
      await write('idempotency/abcd.json', 31),
      await write('files/unfinished/upload_x/parts/part_1', 2),
      await write(`cache/inspections/${DATASET}/moves/abcd`, 91),
    ];
    const kept = [
      await write('checkpoints/ftjob-waits/00000001.checkpoint', 13),
      await write('cache/features/ab/abce', 89),
      await write('cache/weights/put-there-by-hand.h5', 1000),
      await write('idempotency/abce.json', 29),
    ];
    await start();
    await vi.waitFor(async () =>
      expect(await Promise.all(old.map((exists) => exists()))).toEqual(old.map(() => false)),
    );
    expect(await Promise.all(kept.map((exists) => exists()))).toEqual(kept.map(() => true));
  });

  it('makes a model again after its pictures were relabelled, moved and renamed, and names one that is gone', async () => {
    const [first = '', second = '', third = ''] = pictures.keys();
    const other = path.dirname([...pictures.keys()].at(-1) ?? '');
    expect(path.dirname(first)).not.toBe(other);
    await api.datasets.move(DATASET, [first], other);
    const folder = path.join(dataDir, 'datasets', DATASET);
    await mkdir(path.join(folder, 'aaa'));
    await rename(path.join(folder, second), path.join(folder, 'aaa', 'moved.png'));
    await api.datasets.put(DATASET, `${other}/added.png`, await makePattern(1));
    await fetch(`${server.url}/v1/datasets/${DATASET}/rename`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'forms' }),
    });
    const again = await reproduceFirst();
    expect(process.exitCode).toBeUndefined();
    expect(again).toContain('Its pictures are in the dataset "forms" now.');
    expect(again.at(-1)).toContain('Reproduced');

    await rm(path.join(dataDir, 'datasets', 'forms', third));
    const without = (await reproduceFirst()).join('\n');
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    const id = createHash('sha256')
      .update(pictures.get(third) ?? '')
      .digest('hex')
      .slice(0, 32);
    expect(without).toContain('1 picture of its dataset is gone:\n');
    expect(without).toContain(`datasets/forms/${third}" is gone`);
    expect(without).toContain(`1 picture only in the earlier one:\n  - ${id}`);
    expect(without).toContain('Not reproduced');
  });
});
