// Serves the API over any store on a Node socket: predictions in lanes, probes, deletion of what has expired. Its callers choose the
// store, the queue and where uploads go; it knows no trainer.

import { availableParallelism, totalmem } from 'node:os';
import { createKeyRecords } from '../core/api-key/key-records.ts';
import { createKeyRing } from '../core/api-key/key-ring.ts';
import { monotonicMs } from '../core/clock.ts';
import type { TracesExporter } from '../core/environment.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { createFileStore } from '../core/file/file-store.ts';
import { createLaneScheduler } from '../core/lanes/lane-scheduler.ts';
import { createSessionLanes, MODEL_MAX_BYTES, PICTURES_PER_LANE } from '../core/predict/laned-session.ts';
import { createPredictor } from '../core/predict/predictor.ts';
import type { ServedPrecision } from '../core/predict/served-precision.ts';
import { createPictureFetcher } from '../core/remote/fetch-picture.ts';
import { deleteOlder } from '../core/storage/delete-older.ts';
import { expiriesOf, type KeepDays } from '../core/storage/retention.ts';
import { createWriteProbe } from '../core/storage/write-probe.ts';
import { createUsageCounter, FLUSH_MS } from '../core/usage/usage-counter.ts';
import { createApp } from './app.ts';
import { deliverWebhooks } from './deliver-webhooks.ts';
import type { AppDeps } from './deps/deps.ts';
import { DEFAULT_LIMITS, defaultBytesInFlight } from './deps/limits.ts';
import type { Logger } from './deps/logger.ts';
import type { MetricsScope } from './deps/metrics.ts';
import type { ProcessExchange } from './deps/process-exchange.ts';
import { createServerMetrics } from './metrics/server-metrics.ts';
import { startServer } from './node.ts';
import { assertKeys, hostRules, type ServerAccess } from './server-access.ts';

/** The share of the memory for models that stay loaded. */
const MODELS_SHARE = 1 / 4;
const LEAST_MODELS_BYTES = 512 * 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** On which address a server listens, who may use it, and how much it does at once. */
export interface ServingOptions extends ServerAccess {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** A folder of pretrained weight files. */
  readonly weightsDir?: string | undefined;
  /** Threads that make predictions; default: one for each core. */
  readonly lanes?: number | undefined;
  /** Requests for predictions that may wait; default: 16 for each lane. */
  readonly maxWaiting?: number | undefined;
  /** Bytes of all request bodies that are in memory at once; default: {@link defaultBytesInFlight}. */
  readonly maxBodyBytes?: number | undefined;
  /** How long requests are still answered, and `/readyz` says that others should not be sent, before the server stops; default: 0. */
  readonly drainMs?: number | undefined;
  /** How long running requests may take when the server stops, in milliseconds; default: 8 seconds. */
  readonly graceMs?: number | undefined;
  /** What this server is of several that share the machine, the port and the store. Default: the only one. */
  readonly share?: ServerShare | undefined;
  /** Which files of models are run; default: `auto`. */
  readonly precision?: ServedPrecision | undefined;
  /** Whose keys may read `/metrics`; default: `admin`. */
  readonly metricsScope?: MetricsScope | undefined;
  /** Where traces go; default: nowhere. */
  readonly traces?: TracesExporter | undefined;
  /** How long things are kept; default: as by default. */
  readonly keepDays?: KeepDays | undefined;
  readonly version: string;
  readonly logger: Logger;
}

/** One server of several. Each has a part of the cores and of the memory. */
export interface ServerShare {
  /** The first runs jobs, tells webhooks, and deletes what has expired. */
  readonly isFirst: boolean;
  readonly processes: number;
  /** Signs upload links, which another one may have to open. */
  readonly uploadSecret: string;
  /** What the processes tell each other. */
  readonly exchange?: ProcessExchange | undefined;
}

/** What the server works on. */
export type ServedPorts = Pick<
  AppDeps,
  'store' | 'jobs' | 'queue' | 'uploads' | 'machines' | 'backends' | 'tracing'
>;

/** A server that takes requests. */
export interface StoreServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Answers what is in hand, and ends. */
  stop(): Promise<void>;
}

/**
 * Starts the API.
 * @throws {FoveaError} `api-keys-needed`, `port-unavailable`.
 */
export async function serveStore(ports: ServedPorts, options: ServingOptions): Promise<StoreServer> {
  const { host, port, logger } = options;
  const { isFirst = true, processes = 1 } = options.share ?? {};
  const { webhookReceivers: receivers = 'public' } = options;
  const { store } = ports;
  assertKeys(host, options);
  const lanes = createLaneScheduler({
    lanes: options.lanes ?? Math.ceil(availableParallelism() / processes),
    piecesPerLane: PICTURES_PER_LANE,
    maxWaiting: options.maxWaiting,
  });
  const precision = options.precision ?? 'auto';
  const predictor = createPredictor({
    store,
    precision,
    onLoaded: (loaded) => logger.info('model loaded', { ...loaded }),
    onFallback: ({ model, version, error }) =>
      logger.warn('the model itself is run, since its file of 8-bit integers cannot be used', {
        model,
        version,
        error,
      }),
    openSession: createSessionLanes({ lanes: lanes.lanes, maxBytes: MODEL_MAX_BYTES }),
    maxCachedBytes: Math.max(LEAST_MODELS_BYTES, Math.floor((memoryBytes() / processes) * MODELS_SHARE)),
    onReleaseError: (error) => logger.error('session not released', { error }),
  });
  const usage = createUsageCounter({
    store,
    now: Date.now,
    flushesOnCount: false,
    onError: (error) => logger.warn('usage not written', { error }),
  });
  let isStopping = false;
  const app = createApp({
    ...ports,
    predictor,
    precision,
    lanes,
    isStopping: () => isStopping,
    checkWritable: createWriteProbe({ store, clock: monotonicMs }),
    weightsDir: options.weightsDir,
    now: Date.now,
    limits: {
      ...DEFAULT_LIMITS,
      bytesInFlight: options.maxBodyBytes ?? defaultBytesInFlight(memoryBytes() / processes),
    },
    hosts: hostRules(host, options),
    keyRing:
      options.apiKeys &&
      createKeyRing({
        configured: options.apiKeys,
        records: createKeyRecords({ store, now: Date.now }),
        now: Date.now,
      }),
    processes,
    usage,
    metrics: createServerMetrics({
      store,
      jobs: ports.jobs,
      lanes,
      cache: () => predictor.cache,
      version: options.version,
      now: Date.now,
      clock: monotonicMs,
      isFirst,
      exchange: options.share?.exchange,
      onError: (error) => logger.warn('metrics of the store are missing', { error }),
    }),
    metricsScope: options.metricsScope,
    allowOrigins: options.allowOrigins,
    fetchPicture: options.imageUrlPorts && createPictureFetcher({ ports: options.imageUrlPorts }),
    keepsFeedback: options.keepsFeedback,
    webhookReceivers: receivers,
    keepDays: options.keepDays,
    trustsProxy: options.trustsProxy,
    version: options.version,
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
  const flushing = setInterval(() => void usage.flush(), FLUSH_MS).unref();
  const stopDeleting = isFirst ? deleteExpiredHourly(ports, options) : () => undefined;
  const stopDelivering = isFirst ? deliverWebhooks({ store, receivers, logger }) : async () => undefined;
  return {
    url: server.url,
    async stop() {
      isStopping = true;
      stopDeleting();
      await Promise.all([server.stop(), stopDelivering()]);
      predictor.close();
      clearInterval(flushing);
      await usage.flush();
      await ports.tracing?.stop();
    },
  };
}

/** Memory of this machine, or of the container that the process is in. */
const memoryBytes = () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/**
 * Deletes what has expired, now and every hour. In the cloud, lifecycle rules do so.
 * @returns a function that ends it.
 */
function deleteExpiredHourly(
  { store, jobs }: Pick<ServedPorts, 'store' | 'jobs'>,
  { keepDays, logger }: Pick<ServingOptions, 'keepDays' | 'logger'>,
): () => void {
  const deleteFeedback = async (days: number) => {
    // With the first picture that is old; few servers need it.
    const { eraseOldFeedback } = await import('../core/erasure/erase-old-feedback.ts');
    await eraseOldFeedback({ store, jobs }, Date.now() - days * DAY_MS, (dataset, error) =>
      logger.warn('old pictures of feedback stay for now', { dataset, error }),
    );
  };
  const deleteExpired = () => {
    if (keepDays?.feedback !== undefined)
      deleteFeedback(keepDays.feedback).catch((error: unknown) =>
        logger.error('old feedback not deleted', { error }),
      );
    for (const { id, prefix, days } of expiriesOf(keepDays))
      deleteOlder(store, prefix, Date.now() - days * DAY_MS).catch((error: unknown) =>
        logger.error(`old ${id} not deleted`, { error }),
      );
    createFileStore({ store, now: Date.now })
      .eraseExpired()
      .catch((error: unknown) => logger.error('expired files not erased', { error }));
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
