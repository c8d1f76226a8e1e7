// The whole of Fovea on one machine: the API and the local worker in one process, trainers as child processes, state in a
// folder. This file only chooses the drivers and connects them.

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assertRestored } from '../core/backup/restore-note.ts';
import { monotonicMs } from '../core/clock.ts';
import type { LocalQueueName } from '../core/environment.ts';
import { FoveaError, isFoveaError } from '../core/errors/errors.ts';
import { askDoctor } from '../core/job/estimate/ask-doctor.ts';
import type { JobMachine } from '../core/job/estimate/estimate-job.ts';
import { createLocalQueue } from '../core/job/queues/local/local-queue.ts';
import { trainerSpawner } from '../core/job/queues/local/spawn-trainer.ts';
import type { StartTrainer } from '../core/job/queues/local/trainer-process.ts';
import { createKeptQueue } from '../core/job/queues/workers/kept-queue.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { makeFolder } from '../core/make-folder.ts';
import { shownCommand } from '../core/shown-command.ts';
import { toStorageError } from '../core/storage/drivers/filesystem/file-errors.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { createServerUploadLinks } from '../core/storage/drivers/server-upload-links.ts';
import { createWriteProbe } from '../core/storage/write-probe.ts';
import { backendsOfWorkers } from './deps/backends-of-workers.ts';
import { createBackendFinder } from './deps/find-backends.ts';
import { UPLOADS_PATH } from './routes/receive-upload.ts';
import { type ServingOptions, type StoreServer, serveStore } from './serve-store.ts';
import { assertKeys } from './server-access.ts';
import { openTracing } from './tracing/open-tracing.ts';
import { yieldToServer } from './yield-to-server.ts';

const TRAINER = fileURLToPath(new URL('../batch-job/main.ts', import.meta.url));
const DOCTOR = fileURLToPath(new URL('../batch-job/doctor.ts', import.meta.url));

/** Where a server keeps its state, and how it serves. */
export interface LocalServerOptions extends ServingOptions {
  /** Folder of all state; created where it does not exist. */
  readonly dataDir: string;
  /** What an hour of this machine costs, in US dollars; default: 0. */
  readonly usdPerHour?: number | undefined;
  /** Who runs jobs; default: `local`, this server. */
  readonly queue?: LocalQueueName | undefined;
}

/** A server that takes requests and runs jobs. Its `stop` also lets the running trainer save a checkpoint. */
export interface LocalServer extends StoreServer {
  /** The folder to copy datasets into. */
  readonly datasetsDir: string;
}

/**
 * Starts the API and the worker, which resumes jobs that an earlier server left unfinished.
 * @throws {FoveaError} `api-keys-needed`, `port-unavailable`, `restore-unfinished`; what opening the folder throws.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { host, logger } = options;
  assertKeys(host, options);
  const dataDir = path.resolve(options.dataDir);
  const storeUrl = pathToFileURL(dataDir).href;
  const tracing = await openTracing(options.traces, options);
  const opened = await openObjectStore(storeUrl);
  const store = tracing?.traceStore(opened) ?? opened;
  await assertRestored(store);
  const datasetsDir = path.join(dataDir, 'datasets');
  await makeFolder(datasetsDir)
    .then(createWriteProbe({ store: opened, clock: monotonicMs }))
    .catch((cause: unknown) => refuseUnwritable(dataDir, cause));
  const jobs = createJobStore({
    store,
    now: Date.now,
    onUnreadable: (id, error) =>
      logger.warn('a damaged job record is missing from a list', { job_id: id, error }),
  });
  const workers = createWorkerRecords({ store, now: Date.now });
  const queue =
    options.queue === 'workers'
      ? createKeptQueue({
          jobs,
          workers,
          onError: (error) => logger.error('open jobs not checked', { error }),
        })
      : createLocalQueue({
          jobs,
          now: Date.now,
          onError: (error) => logger.error('local worker failed', { error }),
          startTrainer: trainerStarter(storeUrl, options),
        });
  const stopped = new AbortController();
  const server = await serveStore(
    {
      store,
      jobs,
      queue,
      tracing,
      uploads: createServerUploadLinks({
        path: UPLOADS_PATH,
        now: Date.now,
        secret: options.share?.uploadSecret,
      }),
      machines: [describeMachine(options)],
      backends:
        options.queue === 'workers'
          ? backendsOfWorkers({
              workers,
              onError: (error) => logger.warn('the workers are not known', { error }),
            })
          : createBackendFinder({
              ask: () => askDoctor(DOCTOR, stopped.signal),
              clock: monotonicMs,
              onError: (error) => {
                if (!stopped.signal.aborted) logger.warn("the trainer's back ends are not known", { error });
              },
            }),
    },
    options,
  );
  if (options.share?.isFirst !== false) queue.start();
  return {
    url: server.url,
    datasetsDir,
    async stop() {
      stopped.abort();
      await Promise.all([server.stop(), queue.stop()]);
    },
  };
}

/** Throws where the data folder takes no writes. One that is full is served: predictions need no room. */
function refuseUnwritable(dataDir: string, cause: unknown): void {
  const error = toStorageError(cause, 'write', dataDir);
  if (!isFoveaError(error)) throw error;
  if (error.code === 'storage-full') return;
  const errno = error.details?.['errno'];
  throw new FoveaError(
    error.code,
    `The data folder "${path.resolve(dataDir)}" cannot be written${errno === undefined ? '' : ` (${errno})`}. Give the user of the server the right ` +
      `to write it, or choose another folder: ${shownCommand('start', '--data', 'FOLDER')}`,
    { details: { errno }, cause },
  );
}

/** Starts `batch-job/main.ts` on one job, in a process of its own, behind predictions. */
function trainerStarter(
  storeUrl: string,
  { usdPerHour = 0, weightsDir, logger }: LocalServerOptions,
): StartTrainer {
  const spawnTrainer = trainerSpawner({
    entry: TRAINER,
    storeUrl,
    usdPerHour,
    weightsDir: weightsDir && path.resolve(weightsDir),
  });
  return (jobId, leaseOwner) => {
    const trainer = spawnTrainer(jobId, leaseOwner);
    yieldToServer(trainer, (error) => logger.warn('the trainer has the priority of the server', { error }));
    return trainer;
  };
}

const describeMachine = ({ usdPerHour = 0 }: LocalServerOptions): JobMachine => ({
  name: 'this machine',
  vcpus: availableParallelism(),
  usdPerHour,
  priceBasis:
    usdPerHour === 0
      ? `This machine has no price; ${shownCommand('start', '--usd-per-hour', 'PRICE')} gives it one.`
      : 'The price is the one that this server was started with.',
});
