// Sweeps from end to end: which trial wins, what it may look at, and what remains of it after a kill.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import type { JobRecord } from '../../../core/job/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/job-store.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { type Report, ReportSchema } from '../../../core/model/report.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { openObjectStore } from '../../../core/storage/open-object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { drawPictures } from '../../support/store-with-pictures.ts';
import { ended, endTrainerWhen, releaseLease, startTrainer } from '../../support/trainer-process.ts';

const DATASET = 'shapes';
const CLASSES = SAMPLE_CLASSES.slice(0, 3);
const IMAGES_PER_CLASS = 8;
/** The first learns next to nothing. */
const SWEEP = { learning_rate_multiplier: [1e-6, 1, 0.5] };
const SETTINGS = newJob({
  dataset: DATASET,
  backend: 'portable',
  hyperparameters: { n_epochs: 3, batch_size: 'auto', learning_rate_multiplier: 'auto' },
});

let dataDir: string;
let storeUrl: string;
let store: ObjectStore;
let jobs: JobStore;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-sweep-'));
  storeUrl = pathToFileURL(dataDir).href;
  store = await openObjectStore(storeUrl);
  jobs = createJobStore({ store, now: Date.now });
  await drawPictures(store, DATASET, { classes: CLASSES, imagesPerClass: IMAGES_PER_CLASS, seed: 3 });
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function modelOf(id: string): Promise<{ job: JobRecord; sha256: string; report: Report }> {
  const job = (await jobs.get(id)) as JobRecord;
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  const version = job.modelVersion as string;
  const { onnx } = await readManifest(store, job.model, version);
  const report = await readJson(store, keys.modelFile(job.model, version, 'report.json'), ReportSchema);
  return { job, sha256: onnx.sha256, report: report?.value as Report };
}

async function checkpointsOf(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(keys.jobCheckpoints(id))) found.push(key);
  return found;
}

describe('a sweep', () => {
  it('is won on the validation split, with the test split unseen, by the model of that trial alone', async () => {
    const { items } = await inspectDataset(store, DATASET, { split: SETTINGS.split });
    const testKeys = new Set(items.filter(({ split }) => split === 'test').map(({ key }) => key));
    const { id } = await jobs.create({ ...SETTINGS, model: 'swept', sweep: SWEEP });

    /** Trials that were over when a picture of the test was read; the inspection reads all before training. */
    const readsWith: number[] = [];
    const watched: ObjectStore = {
      ...store,
      async get(key, options) {
        const job = testKeys.has(key) ? await jobs.get(id) : undefined;
        if (job?.resolved != null) readsWith.push(job.trials.length);
        return store.get(key, options);
      },
    };
    expect(await runAttempt({ store: watched, jobs }, id)).toBe('succeeded');
    const { job, sha256, report } = await modelOf(id);
    expect(readsWith.length).toBeGreaterThan(0);
    expect(readsWith.every((count) => count === 3)).toBe(true);

    expect(job.trials.map(({ settings }) => settings)).toEqual([
      { learning_rate_multiplier: 1e-6 },
      { learning_rate_multiplier: 1 },
      { learning_rate_multiplier: 0.5 },
    ]);
    const lowest = Math.min(...job.trials.map(({ validationLoss }) => validationLoss));
    const chosen = report.training.trials.filter(({ isChosen }) => isChosen);
    expect(chosen).toEqual([{ ...job.trials.find((t) => t.validationLoss === lowest), isChosen: true }]);
    expect(chosen[0]?.trial).not.toBe(1);
    expect(report.training.hyperparameters).toMatchObject({ ...chosen[0]?.settings, n_epochs: 3 });
    expect(report.training.history).toHaveLength(3);
    expect(report.training.resolved).toEqual(job.resolved);
    expect(report.parity.tfjsMaxDifference).toBeLessThan(1e-5);
    expect(report.parity.tfjsMaxDifference).not.toBeNull();
    expect(Math.min(...report.training.history.map((epoch) => epoch.validationLoss as number))).toBe(lowest);

    const alone = await jobs.create({
      ...SETTINGS,
      model: 'alone',
      hyperparameters: { ...SETTINGS.hyperparameters, ...chosen[0]?.settings },
    });
    expect(await ended(startTrainer({ storeUrl, jobId: alone.id }))).toBe(0);
    expect((await modelOf(alone.id)).sha256).toBe(sha256);
  });

  it('goes on after a kill without repeating trials, and ends with the same model', async () => {
    const { id } = await jobs.create({ ...SETTINGS, model: 'killed', sweep: SWEEP });
    const isInSecond = ({ trials }: JobRecord) => trials.length === 1;
    expect(await endTrainerWhen({ storeUrl, jobId: id }, jobs, 'SIGKILL', isInSecond)).toBe('SIGKILL');
    await releaseLease(jobs, id);
    expect(await ended(startTrainer({ storeUrl, jobId: id }))).toBe(0);
    const { job, sha256 } = await modelOf(id);
    const swept = await readManifest(store, 'swept', '1');
    expect(sha256).toBe(swept.onnx.sha256);
    expect(job.trials.map(({ trial }) => trial)).toEqual([1, 2, 3]);
    const { events } = await jobs.events(id, { limit: 1000 });
    const begun = events.filter(({ message }) => /^Trial \d of 3: /.test(message));
    // The kill may come before the second trial has said that it begins.
    const order = begun.map(({ data }) => data?.['trial']).reverse();
    expect(['1,2,3', '1,2,2,3']).toContain(order.join());
    expect(await checkpointsOf(id)).toEqual([]);
  });

  it('ends when it is cancelled', async () => {
    // More epochs than end before the request is seen.
    const hyperparameters = { ...SETTINGS.hyperparameters, n_epochs: 1000 };
    const { id } = await jobs.create({ ...SETTINGS, model: 'cancelled', sweep: SWEEP, hyperparameters });
    const child = startTrainer({ storeUrl, jobId: id });
    while ((await jobs.get(id))?.progress?.trial !== 1 && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await jobs.requestCancel(id);
    expect(await ended(child)).toBe(0);
    expect(await jobs.get(id)).toMatchObject({ status: 'cancelled', modelVersion: null });
    expect(await checkpointsOf(id)).toEqual([]);
  });

  it('is refused where nothing is kept for validation', async () => {
    const split = { train: 0.8, validation: 0, test: 0.2 };
    const { id } = await jobs.create({ ...SETTINGS, model: 'unvalidated', sweep: SWEEP, split });
    expect(await ended(startTrainer({ storeUrl, jobId: id }))).toBe(0);
    expect(await jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'sweep-without-validation', param: 'sweep' },
    });
  });
});
