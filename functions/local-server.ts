// The whole of Fovea on one machine: the API and the local worker in one process, trainers as child processes, state in a
// folder. This file only chooses the drivers and connects them.

import { mkdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assertRestored } from '../core/backup/restore-note.ts';
import { monotonicMs } from '../core/clock.ts';
import type { LocalQueueName } from '../core/environment.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { askDoctor } from '../core/job/estimate/ask-doctor.ts';
import type { JobMachine } from '../core/job/estimate/estimate-job.ts';
import { createLocalQueue } from '../core/job/queues/local/local-queue.ts';
import { trainerSpawner } from '../core/job/queues/local/spawn-trainer.ts';
import type { StartTrainer } from '../core/job/queues/local/trainer-process.ts';
import { createKeptQueue } from '../core/job/queues/workers/kept-queue.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { createLaneScheduler } from '../core/lanes/lane-scheduler.ts';
import { createSessionLanes } from '../core/predict/laned-session.ts';
import { createPredictor } from '../core/predict/predictor.ts';
import type { ServedPrecision } from '../core/predict/served-precision.ts';
import { deleteOlder } from '../core/storage/delete-older.ts';
import { toStorageError } from '../core/storage/drivers/filesystem/file-errors.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { createServerUploadLinks } from '../core/storage/drivers/server-upload-links.ts';
import { EXPIRIES } from '../core/storage/keys.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import { createWriteProbe } from '../core/storage/write-probe.ts';
import { createApp } from './app.ts';
import { createBackendFinder } from './deps/find-backends.ts';
import { DEFAULT_LIMITS, defaultBytesInFlight } from './deps/limits.ts';
import type { Logger } from './deps/logger.ts';
import { startServer } from './node.ts';
import { UPLOADS_PATH } from './routes/receive-upload.ts';
import { assertKeys, hostRules, type ServerAccess } from './server-access.ts';
import { yieldToServer } from './yield-to-server.ts';

/** One is decoded while the other is computed: a seventh more answers on two cores than with one at a time. */
const PICTURES_PER_LANE = 2;
/** The largest sum of ONNX files that one model may have open on several lanes, in bytes: a gigabyte and a half of memory. */
const MODEL_MAX_BYTES = 400 * 1024 * 1024;
/** The share of the memory for models that stay loaded. */
const MODELS_SHARE = 1 / 4;
const LEAST_MODELS_BYTES = 512 * 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const TRAINER = fileURLToPath(new URL('../batch-job/main.ts', import.meta.url));
const DOCTOR = fileURLToPath(new URL('../batch-job/doctor.ts', import.meta.url));

/** Where a server keeps its state, on which address it listens, and who may use it. */
export interface LocalServerOptions extends ServerAccess {
  /** Folder of all state; created where it does not exist. */
  readonly dataDir: string;
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** A folder of pretrained weight files. */
  readonly weightsDir?: string | undefined;
  /** What an hour of this machine costs, in US dollars; default: 0. */
  readonly usdPerHour?: number | undefined;
  /** Predictions that are made at once; default: one for each core. */
  readonly lanes?: number | undefined;
  /** Requests for predictions that may wait; default: 16 for each lane. */
  readonly maxWaiting?: number | undefined;
  /** Bytes of all request bodies that are in memory at once; default: {@link defaultBytesInFlight}. */
  readonly maxBodyBytes?: number | undefined;
  /** How long requests are still answered, and `/readyz` says that others should not be sent, before the server stops; default: 0. */
  readonly drainMs?: number | undefined;
  /** How long running requests may take when the server stops, in milliseconds; default: 8 seconds. */
  readonly graceMs?: number | undefined;
  /** Who runs jobs; default: `local`, this server. */
  readonly queue?: LocalQueueName | undefined;
  /** Which files of models are run; default: `auto`. */
  readonly precision?: ServedPrecision | undefined;
  readonly version: string;
  readonly logger: Logger;
}

/** A server that takes requests and runs jobs. */
export interface LocalServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  /** The folder to copy datasets into. */
  readonly datasetsDir: string;
  /** Answers what is in hand, lets the running trainer save a checkpoint, and ends. */
  stop(): Promise<void>;
}

/**
 * Starts the API and the worker, which resumes jobs that an earlier server left unfinished.
 * @throws {FoveaError} `api-keys-needed`, `port-unavailable`, `restore-unfinished`; what opening the folder throws.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { host, port, weightsDir, version, logger } = options;
  assertKeys(host, options);
  const dataDir = path.resolve(options.dataDir);
  const storeUrl = pathToFileURL(dataDir).href;
  const store = await openObjectStore(storeUrl);
  await assertRestored(store);
  const datasetsDir = path.join(dataDir, 'datasets');
  await mkdir(datasetsDir, { recursive: true }).catch((error: unknown) => {
    throw toStorageError(error, 'write', datasetsDir);
  });
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
  const lanes = createLaneScheduler({
    lanes: options.lanes ?? availableParallelism(),
    piecesPerLane: PICTURES_PER_LANE,
    maxWaiting: options.maxWaiting,
  });
  const predictor = createPredictor({
    store,
    precision: options.precision ?? 'auto',
    onLoaded: ({ model, version, precision }) => logger.info('model loaded', { model, version, precision }),
    onFallback: ({ model, version, error }) =>
      logger.warn('the model itself is run, since its file of 8-bit integers cannot be used', {
        model,
        version,
        error,
      }),
    openSession: createSessionLanes({ lanes: lanes.lanes, maxBytes: MODEL_MAX_BYTES }),
    maxCachedBytes: Math.max(LEAST_MODELS_BYTES, Math.floor(memoryBytes() * MODELS_SHARE)),
    onReleaseError: (error) => logger.error('session not released', { error }),
  });
  const stopped = new AbortController();

  const app = createApp({
    store,
    jobs,
    uploads: createServerUploadLinks({ path: UPLOADS_PATH, now: Date.now }),
    queue,
    machines: [describeMachine(options)],
    // What workers offer may change with every job.
    backends:
      options.queue === 'workers'
        ? undefined
        : createBackendFinder({
            ask: () => askDoctor(DOCTOR, stopped.signal),
            clock: monotonicMs,
            onError: (error) => {
              if (!stopped.signal.aborted) logger.warn("the trainer's back ends are not known", { error });
            },
          }),
    predictor,
    lanes,
    isStopping: () => stopped.signal.aborted,
    checkWritable: createWriteProbe({ store, clock: monotonicMs }),
    weightsDir,
    now: Date.now,
    limits: {
      ...DEFAULT_LIMITS,
      bytesInFlight: options.maxBodyBytes ?? defaultBytesInFlight(memoryBytes()),
    },
    hosts: hostRules(host, options),
    apiKeys: options.apiKeys,
    allowOrigins: options.allowOrigins,
    trustsProxy: options.trustsProxy,
    version,
    logger,
  });
  const server = await startServer({
    app,
    host,
    port,
    drainMs: options.drainMs,
    graceMs: options.graceMs,
  }).catch((error: NodeJS.ErrnoException) => {
    predictor.close();
    throw cannotListen(host, port, error);
  });
  queue.start();
  const stopDeleting = deleteExpiredHourly(store, logger);
  return {
    url: server.url,
    datasetsDir,
    async stop() {
      stopped.abort();
      stopDeleting();
      await Promise.all([server.stop(), queue.stop()]);
      predictor.close();
    },
  };
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

/** Memory of this machine, or of the container that the process is in. */
const memoryBytes = () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

const describeMachine = ({ usdPerHour = 0 }: LocalServerOptions): JobMachine => ({
  name: 'this machine',
  vcpus: availableParallelism(),
  usdPerHour,
  priceBasis:
    usdPerHour === 0
      ? 'This machine has no price; npm start -- --usd-per-hour gives it one.'
      : 'The price is the one that this server was started with.',
});

/**
 * Deletes what has expired, now and every hour. In S3, lifecycle rules do so.
 * @returns a function that ends it.
 */
function deleteExpiredHourly(store: ObjectStore, logger: Logger): () => void {
  const deleteExpired = () => {
    for (const { id, prefix, days } of EXPIRIES)
      deleteOlder(store, prefix, Date.now() - days * DAY_MS).catch((error: unknown) =>
        logger.error(`old ${id} not deleted`, { error }),
      );
  };
  deleteExpired();
  const timer = setInterval(deleteExpired, HOUR_MS).unref();
  return () => clearInterval(timer);
}

const cannotListen = (host: string, port: number, error: NodeJS.ErrnoException) =>
  new FoveaError(
    'port-unavailable',
    error.code === 'EADDRINUSE'
      ? `Port ${port} of ${host} is taken, perhaps by another Fovea. Choose another with --port; 0 takes any free one.`
      : `Port ${port} of ${host} cannot be opened (${error.message}). Choose others with --host and --port.`,
    { cause: error },
  );
