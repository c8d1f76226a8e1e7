// What the scenarios share: a data folder, its jobs, trainers over a storage of which a share of the calls fail, and the row
// that each leaves in the table.

import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { isFinal, type JobRecord } from '../../core/job/record/job.ts';
import { createJobStore, type JobStore, type NewJob } from '../../core/job/record/job-store.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { uniformAt } from '../../core/random.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { newJob } from '../support/new-job.ts';
import { ended, releaseLease, startTrainer, type TrainerOptions } from '../support/trainer-process.ts';

const TRAINER = fileURLToPath(new URL('./faulty-trainer.ts', import.meta.url));
const SIDE = 48;
/** Attempts that may end without finishing a job, before it counts as lost. */
const MOST_ATTEMPTS = 15;

export interface Row {
  readonly scenario: string;
  readonly found: string;
  readonly isRight: boolean;
}

export interface Chaos {
  readonly storeUrl: string;
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  readonly seed: number;
  createJob(changes: Partial<NewJob>): Promise<string>;
  /** A trainer whose storage fails. */
  trainer(jobId: string, more?: Partial<TrainerOptions>): TrainerOptions;
  /** Runs trainers until the job is over; what it came to. */
  finish(jobId: string, more?: Partial<TrainerOptions>): Promise<JobRecord>;
  /** SHA-256 of the job's model; undefined where it has none. */
  modelOf(job: JobRecord): Promise<string | undefined>;
}

export async function openChaos(options: {
  readonly seed: number;
  readonly faultRate: number;
  readonly dataDir?: string;
}): Promise<Chaos> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'fovea-chaos-')));
  const storeUrl = pathToFileURL(dataDir).href;
  const store = await openObjectStore(storeUrl);
  const jobs = createJobStore({ store, now: Date.now });

  const trainer: Chaos['trainer'] = (jobId, { env, ...more } = {}) => ({
    storeUrl,
    jobId,
    trainer: TRAINER,
    env: { FOVEA_FAULT_RATE: String(options.faultRate), ...env },
    ...more,
  });

  return {
    storeUrl,
    store,
    jobs,
    seed: options.seed,
    trainer,
    async createJob(changes) {
      return (await jobs.create(newJob({ backend: 'portable', ...changes }))).id;
    },
    async finish(jobId, more) {
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        const job = (await jobs.get(jobId)) as JobRecord;
        if (isFinal(job.status)) return job;
        await releaseLease(jobs, jobId);
        await ended(startTrainer(trainer(jobId, more)));
      }
      return (await jobs.get(jobId)) as JobRecord;
    },
    async modelOf({ status, model, modelVersion }) {
      if (status !== 'succeeded' || modelVersion === null) return undefined;
      return (await readManifest(store, model, modelVersion)).onnx.sha256;
    },
  };
}

/** Noise in the tint of its class: quickly drawn, and learned in a few steps. */
export async function drawTints(
  { store, seed }: Chaos,
  dataset: string,
  classes: number,
  perClass: number,
): Promise<void> {
  for (let index = 0; index < classes * perClass; index++) {
    const tint = index % classes;
    const pixels = Buffer.from(
      Array.from({ length: 3 * SIDE * SIDE }, (_, i) =>
        Math.floor(uniformAt(seed + index, i) * 160 + (i % 3 === tint ? 90 : 0)),
      ),
    );
    const picture = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
    await store.put(
      keys.datasetFile(dataset, `tint-${tint}`, `${index}.png`),
      await picture.png().toBuffer(),
    );
  }
}
