// Trainers killed at random moments over a storage that fails: every job must end with the model of an undisturbed one.
//
//   npm run test:chaos -- [--kills 20] [--faults 0.1] [--seed 1]

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { drawSampleDataset, SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createJobStore } from '../../core/job/job-store.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { uniformAt } from '../../core/random.ts';
import { keys } from '../../core/storage/keys.ts';
import { openObjectStore } from '../../core/storage/open-object-store.ts';
import { newJob } from '../support/new-job.ts';
import { ended, releaseLease, startTrainer } from '../support/trainer-process.ts';

const TRAINER = fileURLToPath(new URL('./faulty-trainer.ts', import.meta.url));
const DATASET = 'shapes';
const CLASSES = SAMPLE_CLASSES.slice(0, 3);
const IMAGES_PER_CLASS = 10;
const EPOCHS = 24;
const KILLS_PER_JOB = 5;
/** Of which one is a SIGTERM. */
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL'] as const;

const options = new Command('test:chaos')
  .option('--kills <n>', 'in all', Number, 20)
  .option('--faults <share>', 'of the storage calls', Number, 0.1)
  .option('--seed <n>', 'of the moments', Number, 1)
  .parse()
  .opts<{ readonly kills: number; readonly faults: number; readonly seed: number }>();

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-chaos-'));
const storeUrl = pathToFileURL(dataDir).href;
const store = await openObjectStore(storeUrl);
const jobs = createJobStore({ store, now: Date.now });
const env = { FOVEA_FAULT_RATE: String(options.faults) };

async function createJob(model: string): Promise<string> {
  const { id } = await jobs.create(
    newJob({
      dataset: DATASET,
      model,
      backend: 'portable',
      hyperparameters: { n_epochs: EPOCHS, batch_size: 8, learning_rate_multiplier: 'auto' },
    }),
  );
  return id;
}

async function modelOf(id: string): Promise<string> {
  const job = await jobs.get(id);
  if (job?.status !== 'succeeded')
    throw new Error(`Job "${id}" ended as ${job?.status}: ${job?.error?.message}`);
  return (await readManifest(store, job.model, job.modelVersion as string)).onnx.sha256;
}

let isRight = true;
try {
  await drawSampleDataset(
    async (file, bytes) => {
      if (CLASSES.some((name) => file.startsWith(`${name}/`)))
        await store.put(keys.datasetFile(DATASET, ...file.split('/')), bytes);
    },
    { imagesPerClass: IMAGES_PER_CLASS, seed: 3 },
  );
  const plain = await createJob('undisturbed');
  const startedMs = performance.now();
  await ended(startTrainer({ storeUrl, jobId: plain }));
  const undisturbedMs = performance.now() - startedMs;
  const expected = await modelOf(plain);
  console.log(`undisturbed: ${(undisturbedMs / 1000).toFixed(1)} s, ${expected.slice(0, 12)}`);

  let kills = 0;
  for (let number = 1; kills < options.kills; number++) {
    const id = await createJob(`job-${number}`);
    for (let i = 0; i < KILLS_PER_JOB && kills < options.kills; i++) {
      const child = startTrainer({ storeUrl, jobId: id, trainer: TRAINER, env });
      const afterMs = undisturbedMs * (0.2 + 0.7 * uniformAt(options.seed, kills));
      await Promise.race([delay(afterMs), ended(child)]);
      const stage = (await jobs.get(id))?.progress;
      child.kill(SIGNALS[i % SIGNALS.length]);
      const how = await ended(child);
      kills += 1;
      console.log(
        `  job ${number}: ended by ${how} after ${(afterMs / 1000).toFixed(1)} s, ${stage?.stage ?? 'before it began'}` +
          `${stage?.epoch == null ? '' : `, epoch ${stage.epoch}`}`,
      );
      await releaseLease(jobs, id);
    }
    while (['validating_files', 'queued', 'running'].includes((await jobs.get(id))?.status ?? '')) {
      await releaseLease(jobs, id);
      await ended(startTrainer({ storeUrl, jobId: id, trainer: TRAINER, env }));
    }
    const found = await modelOf(id);
    if (found !== expected) isRight = false;
    console.log(
      `job ${number}: ${found === expected ? 'the same model' : `ANOTHER MODEL, ${found.slice(0, 12)}`}`,
    );
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
process.exit(isRight ? 0 : 1);
