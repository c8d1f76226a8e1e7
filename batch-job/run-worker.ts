// Runs a worker on this machine: opens the store, finds out what the machine offers, and takes jobs until it is told to stop.

import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertRestored } from '../core/backup/restore-note.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { askDoctor, DiagnosisSchema } from '../core/job/estimate/ask-doctor.ts';
import { trainerSpawner } from '../core/job/queues/local/spawn-trainer.ts';
import type { StartTrainer } from '../core/job/queues/local/trainer-process.ts';
import { describeOffer } from '../core/job/queues/workers/describe-offer.ts';
import { createWorker } from '../core/job/queues/workers/worker.ts';
import type { WorkerOffer } from '../core/job/queues/workers/worker-record.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import type { TrainerBackend } from '../core/job/recipe/trainer-backends.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { shownCommand } from '../core/shown-command.ts';
import { checkConditionalWrites } from '../core/storage/check-conditional-writes.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { keys } from '../core/storage/keys.ts';
import { createRetryingStore } from '../core/storage/retrying-store.ts';
import { readMachineMemory } from './memory/machine-memory.ts';

/** What a worker is started with. */
export interface RunWorkerOptions {
  /** `file:///folder` or `s3://bucket/prefix`. */
  readonly storeUrl: string;
  /** For people. Default: the name of the machine. */
  readonly name?: string | undefined;
  /** What an hour of this machine costs, in US dollars; undefined where nobody has said. */
  readonly usdPerHour?: number | undefined;
  readonly weightsDir?: string | undefined;
  /** Memory that a trainer may take, where that is less than the container or the machine has. */
  readonly memoryLimitBytes?: number | undefined;
  /** The back end that the container image was made for. */
  readonly imageBackend?: TrainerBackend | undefined;
  /** Default: 2 s for a folder, 5 s for a bucket, where every look costs a request. */
  readonly pollMs?: number | undefined;
  readonly graceMs: number;
  readonly version: string;
  /** Starts trainers. Default: as processes of `main.ts`. */
  readonly startTrainer?: StartTrainer;
  /** Default: what this machine has. */
  readonly offer?: WorkerOffer;
}

const FOLDER_POLL_MS = 2000;
const BUCKET_POLL_MS = 5000;
const TRAINER = fileURLToPath(new URL('./main.ts', import.meta.url));
const DOCTOR = fileURLToPath(new URL('./doctor.ts', import.meta.url));

/**
 * Starts a worker. Says on standard output what it does.
 * @param signal ends the start.
 * @returns a function that stops it: its trainer saves a checkpoint, and its job goes back into the queue.
 * @throws {FoveaError} where the store cannot be used (`storage-…`, `restore-unfinished`); `backend-unavailable` where the container
 *   lacks what its image was made for.
 */
export async function runWorker(
  options: RunWorkerOptions,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { storeUrl, name = os.hostname(), usdPerHour, version } = options;
  const id = randomUUID();
  const isFolder = storeUrl.startsWith('file:');
  if (isFolder) requireFolder(storeUrl);
  const opened = await openObjectStore(storeUrl);
  await assertRestored(opened);
  await checkConditionalWrites(opened, keys.worker(`${id}.check`));
  const offer = options.offer ?? (await findOffer(options, signal));
  const store = createRetryingStore(opened, {
    onRetry: ({ action, key, attempt, error }) =>
      console.warn(`Could not ${action} "${key}" (try ${attempt}): ${error.message}`),
  });
  const worker = createWorker({
    id,
    name,
    version,
    offer,
    store,
    jobs: createJobStore({
      store,
      now: Date.now,
      onUnreadable: (jobId, error) => console.warn(`Job ${jobId} is left alone: ${error.message}`),
    }),
    workers: createWorkerRecords({ store, now: Date.now }),
    startTrainer:
      options.startTrainer ??
      trainerSpawner({
        entry: TRAINER,
        storeUrl,
        usdPerHour: usdPerHour ?? 0,
        weightsDir: options.weightsDir,
      }),
    now: Date.now,
    pollMs: options.pollMs ?? (isFolder ? FOLDER_POLL_MS : BUCKET_POLL_MS),
    graceMs: options.graceMs,
    onError: (error) => console.error(error),
    onNews: (message) => console.log(message),
  });
  await worker.start();
  console.log(
    `Worker "${name}" (Fovea ${version}) takes jobs of ${opened.url}. It offers: ${describeOffer(offer)}.`,
  );
  return () => worker.stop();
}

/** A folder is not created: a path with a typing error would be an empty store, whose jobs never come. */
function requireFolder(storeUrl: string): void {
  const folder = fileURLToPath(storeUrl);
  if (existsSync(folder)) {
    if (readdirSync(folder).length === 0 || existsSync(path.join(folder, 'datasets'))) return;
    console.warn(`"${folder}" does not look like the data folder of a server: it has no folder "datasets".`);
    return;
  }
  throw new FoveaError(
    'storage-folder-missing',
    `There is no folder "${folder}". Name the data folder of a server (${shownCommand('start', '--data', 'FOLDER')}), or create it.`,
    { param: folder },
  );
}

async function findOffer(
  { usdPerHour, memoryLimitBytes, imageBackend }: RunWorkerOptions,
  signal: AbortSignal,
): Promise<WorkerOffer> {
  const { best, missing, gpuModel, gpuCount } = DiagnosisSchema.parse(
    JSON.parse(await askDoctor(DOCTOR, signal)),
  );
  const problem = imageBackend && missing[imageBackend];
  if (problem !== undefined)
    throw new FoveaError(
      'backend-unavailable',
      `The image was made for the back end "${imageBackend}", which does not work here: ${problem}`,
    );
  const memory = await readMachineMemory(best, memoryLimitBytes, gpuCount);
  return {
    backend: imageBackend ?? best,
    lacks: Object.keys(missing) as TrainerBackend[],
    gpu: best === 'gpu' ? { model: gpuModel, count: gpuCount ?? 1 } : null,
    deviceBytes: memory.deviceBytes,
    memoryBytes: memory.limitBytes,
    vcpus: os.availableParallelism(),
    usdPerHour: usdPerHour ?? null,
  };
}
