// Trainers killed at random moments over a storage that fails: every job must end with the model of an undisturbed one.
//
//   npm run test:chaos -- [--kills 20] [--faults 0.1] [--seed 1]

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { drawSampleDataset, SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { isFinal } from '../../core/job/job.ts';
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
const EPOCHS = 40;
const KILLS_PER_JOB = 5;
const MAX_EPOCHS_BETWEEN = 4;
const MAX_EARLY_MS = 6000;
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

/** Waits until the job has come so far, or the trainer is gone, and then for a part of an epoch. */
async function epochReached(child: ChildProcess, id: string, epoch: number): Promise<void> {
  while (child.exitCode === null && ((await jobs.get(id))?.progress?.epoch ?? 0) < epoch) await delay(20);
  await delay(200 * uniformAt(options.seed, epoch));
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
      const before = (await jobs.get(id))?.progress?.epoch ?? 0;
      const child = startTrainer({ storeUrl, jobId: id, trainer: TRAINER, env });
      // Every fourth comes before the training goes on, wherever the attempt is then.
      const isEarly = kills % 4 === 3;
      const moment = uniformAt(options.seed, kills);
      if (isEarly) await Promise.race([delay(MAX_EARLY_MS * moment), ended(child)]);
      else await epochReached(child, id, before + 1 + Math.floor(moment * MAX_EPOCHS_BETWEEN));
      const job = await jobs.get(id);
      child.kill(SIGNALS[i % SIGNALS.length]);
      const how = await ended(child);
      if (job === undefined || isFinal(job.status)) break;
      kills += 1;
      console.log(
        `  kill ${kills}, job ${number}: ended by ${how}, ${job.progress?.stage ?? 'before it began'}` +
          `${job.progress?.epoch == null ? '' : `, epoch ${job.progress.epoch}`}`,
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
