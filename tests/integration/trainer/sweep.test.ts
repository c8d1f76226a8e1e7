// Sweeps from end to end: which trial wins, what it may look at, and what remains of it after a kill.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { JOB_RECORD, type JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { REPORT, type Report } from '../../../core/model/report.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { drawPictures } from '../../support/store-with-pictures.ts';
import { ended, endTrainerWhen, releaseLease, startTrainer } from '../../support/trainer-process.ts';

const DATASET = 'shapes';
const FRESH_DATASET = 'fresh';
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
/** Of a dataset of which no earlier job has fixed pictures to validate on. */
const UNVALIDATED = {
  ...SETTINGS,
  dataset: FRESH_DATASET,
  model: 'unvalidated',
  split: { train: 0.8, validation: 0, test: 0.2 },
};

let storeUrl: string;
let store: ObjectStore;
let jobs: JobStore;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-sweep-'));
  storeUrl = pathToFileURL(dataDir).href;
  store = await openObjectStore(storeUrl);
  jobs = createJobStore({ store, now: Date.now });
  const drawn = { classes: CLASSES, imagesPerClass: IMAGES_PER_CLASS, seed: 3 };
  for (const dataset of [DATASET, FRESH_DATASET]) await drawPictures(store, dataset, drawn);
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function modelOf(id: string): Promise<{ job: JobRecord; sha256: string; report: Report }> {
  const job = (await jobs.get(id)) as JobRecord;
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  const version = job.modelVersion as string;
  const { onnx } = await readManifest(store, job.model, version);
  const report = await readJson(store, keys.modelFile(job.model, version, 'report.json'), REPORT);
  return { job, sha256: onnx.sha256, report: report?.value as Report };
}

async function checkpointsOf(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(keys.jobCheckpoints(id))) found.push(key);
  return found;
}

const jobOfModel = async (model: string) => (await readManifest(store, model, '1')).jobId as string;

const trialRecord = async (id: string, trial: number) =>
  (await readJson(store, keys.jobTrial(id, trial), JOB_RECORD))?.value;

describe('a sweep', () => {
  it('publishes only the model of the trial that wins on the validation split, with the test split unseen', async () => {
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
    const [winner] = job.trials.filter((t) => t.validationLoss === lowest);
    const { givenUp: _, ...told } = winner ?? {};
    expect(chosen).toEqual([{ ...told, isChosen: true }]);
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

  it('resumes after a kill without repeating finished trials, and ends with the same model', async () => {
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
    const begun = events.filter(({ message }) => /^Trial \d\/3: Training with /.test(message));
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

  it('is rejected where there is no validation split', async () => {
    const { id } = await jobs.create({ ...UNVALIDATED, sweep: SWEEP });
    expect(await ended(startTrainer({ storeUrl, jobId: id }))).toBe(0);
    expect(await jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'sweep-without-validation', param: 'sweep' },
    });
  });
});

describe('a sweep whose trials run side by side', () => {
  const child = (jobId: string, trial: number) => startTrainer({ storeUrl, jobId, trial });

  async function untilRunning(id: string, trials: readonly number[]): Promise<void> {
    for (const trial of trials)
      while ((await trialRecord(id, trial))?.lease == null)
        await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('ends with the same model as trials one after another, also when a child job is killed', async () => {
    const { id } = await jobs.create({ ...SETTINGS, model: 'array', sweep: SWEEP });
    const children = [1, 2, 3].map((trial) => child(id, trial));
    await untilRunning(id, [3]);
    children[2]?.kill('SIGKILL');
    expect(await Promise.all(children.map(ended))).toEqual([0, 0, 'SIGKILL']);
    const { trials: swept } = (await modelOf(await jobOfModel('swept'))).job;
    const left = (await jobs.get(id)) as JobRecord;
    expect(left).toMatchObject({ status: 'running', lease: null, modelVersion: null, attempts: 0 });
    expect(left.trials).toEqual(swept.slice(0, 2));
    const spentByChildren = left.spent.seconds;
    expect(spentByChildren).toBeGreaterThan(0);

    expect(await ended(startTrainer({ storeUrl, jobId: id }))).toBe(0);
    const { job, sha256, report } = await modelOf(id);
    expect(sha256).toBe((await readManifest(store, 'swept', '1')).onnx.sha256);
    expect(job.trials).toEqual(swept);
    expect(job.spent.seconds).toBeGreaterThan(spentByChildren);
    expect(report.training.history).toHaveLength(3);
    expect(await checkpointsOf(id)).toEqual([]);
    const { events } = await jobs.events(id, { limit: 1000 });
    const begun = events.filter(({ message }) => /^Trial \d\/3: Training with /.test(message));
    expect(begun.map(({ data }) => data?.['trial']).filter((trial) => trial !== 3)).toHaveLength(2);
  });

  it('resumes a trial whose machine was taken away, and does not repeat one that is finished', async () => {
    const { id } = await jobs.create({ ...SETTINGS, model: 'reclaimed', sweep: SWEEP });
    const machine = new AbortController();
    const leaving: ObjectStore = {
      ...store,
      async put(key, body, options) {
        const info = await store.put(key, body, options);
        if (key.startsWith(keys.jobCheckpoints(id))) machine.abort();
        return info;
      },
    };
    const terminated = machine.signal;
    expect(await runAttempt({ store: leaving, jobs, terminated, trial: 2 }, id)).toBe('released');
    expect(await trialRecord(id, 2)).toMatchObject({ status: 'queued', attempts: 0, lease: null });
    expect((await jobs.get(id))?.trials).toEqual([]);

    expect(await runAttempt({ store, jobs, trial: 2 }, id)).toBe('succeeded');
    const { trials } = (await modelOf(await jobOfModel('swept'))).job;
    expect((await jobs.get(id))?.trials).toEqual([trials[1]]);
    const { events } = await jobs.events(id, { limit: 1000 });
    expect(events.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^Trial 2\/3: The job resumes in the stage "scratch" at epoch/),
    );

    expect(await runAttempt({ store, jobs, trial: 2 }, id)).toBe('succeeded');
    expect((await jobs.events(id, { limit: 1000 })).events).toHaveLength(events.length);
  });

  it('ends all trials when it is cancelled', async () => {
    const hyperparameters = { ...SETTINGS.hyperparameters, n_epochs: 1000 };
    const { id } = await jobs.create({ ...SETTINGS, model: 'cancelled', sweep: SWEEP, hyperparameters });
    const children = [1, 2].map((trial) => child(id, trial));
    await untilRunning(id, [1, 2]);
    await jobs.requestCancel(id);
    expect(await Promise.all(children.map(ended))).toEqual([0, 0]);
    expect(await jobs.get(id)).toMatchObject({ status: 'cancelled', modelVersion: null });
    expect(await checkpointsOf(id)).toEqual([]);
  });

  it('does not fail with a trial, but with the trainer that tries it again', async () => {
    const { id } = await jobs.create({ ...UNVALIDATED, sweep: SWEEP });
    expect(await runAttempt({ store, jobs, trial: 1 }, id)).toBe('failed');
    expect(await jobs.get(id)).toMatchObject({ status: 'running', error: null });
    expect(await runAttempt({ store, jobs }, id)).toBe('failed');
    expect(await jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'sweep-without-validation' },
    });
  });
});
