// The whole of Fovea on one machine: the API and the local worker in one process, trainers as child processes, state in
// a folder. Nothing here knows how; it picks the drivers and wires the parts.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assertRestored } from '../core/backup/restore-note.ts';
import { monotonicMs } from '../core/clock.ts';
import { environment } from '../core/environment.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { createLocalQueue } from '../core/job/queues/local/local-queue.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { createPredictor } from '../core/predict/predictor.ts';
import { openThreadedSession } from '../core/predict/threaded-session.ts';
import { deleteOlder } from '../core/storage/delete-older.ts';
import { toStorageError } from '../core/storage/drivers/filesystem/file-errors.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { createServerUploadLinks } from '../core/storage/drivers/server-upload-links.ts';
import { EXPIRIES } from '../core/storage/keys.ts';
import { createWriteProbe } from '../core/storage/write-probe.ts';
import { createApp } from './app.ts';
import { askDoctor, createBackendFinder } from './deps/find-backends.ts';
import { DEFAULT_LIMITS } from './deps/limits.ts';
import type { Logger } from './deps/logger.ts';
import { startServer } from './node.ts';
import { UPLOADS_PATH } from './routes/receive-upload.ts';
import { assertKeys, hostRules, type ServerAccess } from './server-access.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const TRAINER = fileURLToPath(new URL('../batch-job/main.ts', import.meta.url));
const DOCTOR = fileURLToPath(new URL('../batch-job/doctor.ts', import.meta.url));

export interface LocalServerOptions extends ServerAccess {
  /** Folder of all state; made where it does not exist. */
  readonly dataDir: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** A folder of pretrained weight files. */
  readonly weightsDir?: string | undefined;
  /** What an hour of this machine costs, in US dollars; left out, nothing. */
  readonly usdPerHour?: number | undefined;
  readonly version: string;
  readonly logger: Logger;
}

export interface LocalServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  /** The folder to copy datasets into. */
  readonly datasetsDir: string;
  /** Stops taking requests, lets the running trainer leave a resumable job, and ends. */
  stop(): Promise<void>;
}

/**
 * Starts API and worker; jobs that an earlier run left unfinished go on.
 * @throws {FoveaError} `api-keys-needed`, `port-unavailable`, `restore-unfinished`; what opening the folder throws.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { host, port, weightsDir, usdPerHour = 0, version, logger } = options;
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
    onUnreadable: (id, error) => logger.warn('a job is left out of a list', { job_id: id, error }),
  });
  const queue = createLocalQueue({
    jobs,
    now: Date.now,
    onError: (error) => logger.error('local worker failed', { error }),
    startTrainer: (jobId, leaseOwner) =>
      spawn(process.execPath, ['--import', import.meta.resolve('tsx'), TRAINER], {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          [environment.storeUrl]: storeUrl,
          [environment.jobId]: jobId,
          [environment.leaseOwner]: leaseOwner,
          [environment.usdPerHour]: String(usdPerHour),
          ...(weightsDir === undefined ? {} : { FOVEA_WEIGHTS_DIR: path.resolve(weightsDir) }),
        },
      }),
  });
  const predictor = createPredictor({
    store,
    openSession: openThreadedSession,
    onReleaseError: (error) => logger.error('session not released', { error }),
  });
  const stopped = new AbortController();
  const backends = createBackendFinder({
    ask: () => askDoctor(DOCTOR, stopped.signal),
    clock: monotonicMs,
    onError: (error) => {
      if (!stopped.signal.aborted) logger.warn('what the trainer can run on is not known', { error });
    },
  });
  const app = createApp({
    store,
    jobs,
    uploads: createServerUploadLinks({ path: UPLOADS_PATH, now: Date.now }),
    queue,
    machine: {
      name: 'this machine',
      vcpus: availableParallelism(),
      usdPerHour,
      priceBasis:
        usdPerHour === 0
          ? 'This machine has no price; npm start -- --usd-per-hour gives it one.'
          : 'The price is the one that this server was started with.',
    },
    backends,
    predictor,
    checkWritable: createWriteProbe({ store, clock: monotonicMs }),
    weightsDir,
    now: Date.now,
    limits: DEFAULT_LIMITS,
    hosts: hostRules(host, options),
    apiKeys: options.apiKeys,
    allowOrigins: options.allowOrigins,
    trustsProxy: options.trustsProxy,
    version,
    logger,
  });
  const server = await startServer({ app, host, port }).catch((error: NodeJS.ErrnoException) => {
    predictor.close();
    throw cannotListen(host, port, error);
  });
  queue.start();
  // What lifecycle rules do in S3.
  const sweep = () => {
    for (const { id, prefix, days } of EXPIRIES)
      deleteOlder(store, prefix, Date.now() - days * DAY_MS).catch((error: unknown) =>
        logger.error(`old ${id} not deleted`, { error }),
      );
  };
  sweep();
  const sweepTimer = setInterval(sweep, DAY_MS / 24).unref();
  return {
    url: server.url,
    datasetsDir,
    async stop() {
      stopped.abort();
      clearInterval(sweepTimer);
      await Promise.all([server.stop(), queue.stop()]);
      predictor.close();
    },
  };
}

const cannotListen = (host: string, port: number, error: NodeJS.ErrnoException) =>
  new FoveaError(
    'port-unavailable',
    error.code === 'EADDRINUSE'
      ? `Port ${port} of ${host} is taken, perhaps by another Fovea. Choose another with --port; 0 takes any free one.`
      : `Port ${port} of ${host} cannot be opened (${error.message}). Choose others with --host and --port.`,
    { cause: error },
  );
