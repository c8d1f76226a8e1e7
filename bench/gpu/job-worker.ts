// Runs one whole job with real trainer processes, prints its events as they are written, and at the end what came out.
// Argument: JobWork as JSON.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { environment, workerThreads } from '../../core/environment.ts';
import type { JobEvent } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { MACHINES } from '../../core/pricing/machines.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { createJob, type FineTuneRequest, readReport } from '../transfer/fine-tune.ts';
import { watchDevice } from './device-load.ts';
import { report } from './report-line.ts';

/** A whole job and what is done to it. */
export interface JobWork {
  readonly backend: 'gpu' | 'native';
  /** Folder of photographs, one subfolder per class. */
  readonly dataset: string;
  readonly weights: string;
  readonly request: Pick<FineTuneRequest, 'architecture' | 'recipe' | 'hyperparameters'>;
  /** Kills the trainer after this epoch of the stage `full`, and starts another. */
  readonly killAfterEpoch?: number;
  /**
   * Once the job has decided its batch sizes, memory becomes so scarce: another process takes the GPU's but for so many MiB, or the
   * trainer's own limit is that.
   */
  readonly memoryMiB?: number;
  /** A Python that has PyTorch, to take the GPU's memory. */
  readonly python: string;
}

const POLL_MS = 100;
const OWNER = 'bench';
const SECONDS_PER_HOUR = 3600;

const work = JSON.parse(process.argv[2] ?? '{}') as JobWork;
const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-gpu-'));
await mkdir(path.join(folder, 'datasets'));
await symlink(path.resolve(work.dataset), path.join(folder, 'datasets/photos'));
const storeUrl = pathToFileURL(folder).href;
const store = await openObjectStore(storeUrl);
const jobs = createJobStore({ store, now: Date.now });
const { id } = await createJob(jobs, { ...work.request, dataset: 'photos', model: 'bench', seed: 1 });
const startedMs = performance.now();
const seconds = () => Math.round((performance.now() - startedMs) / 100) / 10;

/** Starts a trainer like the local worker does. `ended` gives what it said on stderr, where it failed. */
function startTrainer(): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const takesOwnMemory = work.memoryMiB !== undefined && work.backend === 'native';
  const child = spawn(process.execPath, ['--import', 'tsx', 'batch-job/main.ts'], {
    env: {
      [environment.workerThreads]: workerThreads(os.availableParallelism()),
      ...process.env,
      [environment.storeUrl]: storeUrl,
      [environment.jobId]: id,
      [environment.leaseOwner]: OWNER,
      ...(takesOwnMemory ? { [environment.memoryLimitBytes]: String((work.memoryMiB ?? 0) * 2 ** 20) } : {}),
      FOVEA_WEIGHTS_DIR: path.resolve(work.weights),
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let told = '';
  child.stderr?.on('data', (data: Buffer) => {
    told = `${told}${data.toString()}`.slice(-2000);
  });
  return {
    child,
    ended: new Promise((resolve) =>
      child.on('close', (code) => resolve(code === 0 ? '' : `${code}: ${told}`)),
    ),
  };
}

const ballast =
  work.memoryMiB === undefined || work.backend === 'native'
    ? undefined
    : spawn(work.python, [path.join(import.meta.dirname, 'ballast.py'), String(work.memoryMiB)], {
        stdio: ['pipe', 'inherit', 'inherit'],
      });

/** What is done when an event is read. */
function react({ type, message, data }: JobEvent, trainer: ChildProcess): void {
  if (type !== 'metrics') {
    report({ at: seconds(), event: message.slice(0, 500) });
    if (message.startsWith('Stages:')) ballast?.stdin?.write('take\n');
    return;
  }
  if (data?.['stage'] === 'head') return;
  const { stage, epoch, images_per_second: speed, train_loss: loss, valid_accuracy: accuracy } = data ?? {};
  report({ at: seconds(), stage, epoch, picturesPerSecond: speed, loss, accuracy });
  if (stage !== 'full' || epoch !== work.killAfterEpoch || isKilled) return;
  isKilled = true;
  trainer.kill('SIGKILL');
  report({ at: seconds(), killed: 'the trainer, by SIGKILL' });
}

let isKilled = false;
let lastEvent: string | undefined;
async function readEvents(trainer: ChildProcess): Promise<void> {
  for (const event of await jobs.eventsSince(id, lastEvent)) {
    lastEvent = event.id;
    react(event, trainer);
  }
}

/** Runs one trainer to its end. */
async function attempt(): Promise<void> {
  const { child, ended } = startTrainer();
  let isRunning = true;
  const told = ended.then((text) => {
    isRunning = false;
    return text;
  });
  while (isRunning) {
    await readEvents(child);
    await sleep(POLL_MS);
  }
  await readEvents(child);
  const text = await told;
  if (text !== '') report({ stderr: text });
}

const load = work.backend === 'gpu' ? watchDevice() : undefined;
try {
  await attempt();
  if (isKilled) await attempt();
  const totalSeconds = seconds();
  const { results, training, parity } = await readReport(store, await jobs.get(id));
  report({
    seconds: totalSeconds,
    accuracy: results?.accuracy.value,
    pictures: results?.accuracy.trials,
    calibrationError: results?.calibration.after.calibrationError,
    epochs: training.history.length,
    parity: parity.maxDifference,
    usdIfAsLongOn: Object.fromEntries(
      (['g4dn', 'g5'] as const).map((family) => [
        family,
        Math.round((1e4 * MACHINES[family].usdPerHour * totalSeconds) / SECONDS_PER_HOUR) / 1e4,
      ]),
    ),
  });
} finally {
  if (load !== undefined) report({ ...load.stop() });
  ballast?.kill();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
