// Attempts that are killed, as they run in earnest: trainer processes over a folder. The model must not tell.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import type { StageName } from '../../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore, type NewJob } from '../../../core/job/record/job-store.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { drawPictures } from '../../support/store-with-pictures.ts';
import { ended, endTrainerWhen, releaseLease, startTrainer } from '../../support/trainer-process.ts';

const DATASET = 'shapes';
const WEIGHTS = path.join(SHARED_DATA, 'weights');
const CLASSES = SAMPLE_CLASSES.slice(0, 3);
const IMAGES_PER_CLASS = 8;

let dataDir: string;
let storeUrl: string;
let store: ObjectStore;
let jobs: JobStore;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-resume-'));
  storeUrl = pathToFileURL(dataDir).href;
  store = await openObjectStore(storeUrl);
  jobs = createJobStore({ store, now: Date.now });
  await drawPictures(store, DATASET, { classes: CLASSES, imagesPerClass: IMAGES_PER_CLASS, seed: 3 });
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** As the job's events tell it, at once: progress in its record is up to a second old, and an epoch can be far shorter. */
async function newestEpoch(id: string, stage: StageName): Promise<number> {
  const { events } = await jobs.events(id, { limit: 10 });
  const newest = events.find(({ type, data }) => type === 'metrics' && data?.['stage'] === stage);
  return Number(newest?.data?.['epoch'] ?? 0);
}

const trainer = (jobId: string) => ({ storeUrl, jobId, weightsDir: WEIGHTS });

async function createJob(changes: Partial<NewJob>): Promise<string> {
  const { id } = await jobs.create(newJob({ dataset: DATASET, backend: 'portable', ...changes }));
  return id;
}

async function modelOf(id: string) {
  const job = (await jobs.get(id)) as JobRecord;
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  const manifest = await readManifest(store, job.model, job.modelVersion as string);
  return { sha256: manifest.onnx.sha256, attempts: job.attempts };
}

async function messagesOf(id: string): Promise<string> {
  const { events } = await jobs.events(id, { limit: 1000 });
  return events.map(({ message }) => message).join('\n');
}

async function checkpointsOf(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(keys.jobCheckpoints(id))) found.push(key);
  return found;
}

/** A run without disturbance, and one that is killed, told to go, and finds its newest checkpoint damaged. */
async function compareRuns(stage: StageName, job: Partial<NewJob>): Promise<void> {
  const plain = await createJob({ ...job, model: `${job.architecture}-plain` });
  expect(await ended(startTrainer(trainer(plain)))).toBe(0);
  const expected = await modelOf(plain);
  expect(expected.attempts).toBe(1);

  const id = await createJob({ ...job, model: `${job.architecture}-killed` });
  const isAtEpoch = async (epoch: number) => (await newestEpoch(id, stage)) >= epoch;
  expect(await endTrainerWhen(trainer(id), jobs, 'SIGKILL', () => isAtEpoch(3))).toBe('SIGKILL');
  await releaseLease(jobs, id);
  const left = await checkpointsOf(id);
  expect(left.length).toBeGreaterThan(0);
  // One more where the kill came before the oldest was deleted.
  expect(left.length).toBeLessThanOrEqual(4);

  const newest = left.at(-1) as string;
  const { body } = (await store.get(newest)) as { body: Uint8Array };
  await store.put(newest, body.subarray(0, body.length - 7));

  const next = (await newestEpoch(id, stage)) + 1;
  expect(await endTrainerWhen(trainer(id), jobs, 'SIGTERM', () => isAtEpoch(next))).toBe(75);
  expect((await jobs.get(id))?.status).toBe('queued');
  expect(await ended(startTrainer(trainer(id)))).toBe(0);

  expect((await modelOf(id)).sha256).toBe(expected.sha256);
  expect(await checkpointsOf(id)).toEqual([]);
  const messages = await messagesOf(id);
  expect(messages).toContain(`The checkpoint "${newest}" is skipped.`);
  expect(messages.match(/The job resumes/g)).toHaveLength(2);
}

describe('a job whose trainers are killed', () => {
  it('ends with the same model as an uninterrupted one, trained from scratch', () =>
    compareRuns('scratch', {
      architecture: 'small_cnn',
      hyperparameters: { n_epochs: 80, batch_size: 8, learning_rate_multiplier: 'auto' },
    }));

  const weights = 'mobilenet_v2_0.35_224_no_top.h5';
  it.runIf(hasSharedData('weights', weights))(
    'ends with the model of an undisturbed one, a head on cached features',
    () =>
      compareRuns('head', {
        architecture: 'mobilenet_v2_0.35',
        hyperparameters: { n_epochs: 400, batch_size: 8, learning_rate_multiplier: 'auto' },
      }),
  );

  it.runIf(hasSharedData('weights', weights))(
    'ends with the model of an undisturbed one, the last stage of the network on kept maps',
    () =>
      compareRuns('full', {
        architecture: 'mobilenet_v2_0.35',
        // The head is solved, and one of its folds held out: the same one in every attempt.
        hyperparameters: { n_epochs: 25, batch_size: 'auto', learning_rate_multiplier: 'auto' },
        recipe: RecipeSchema.parse({ stages: 'full', variants: [] }),
      }),
  );
});
