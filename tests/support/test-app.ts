// The whole HTTP app over a store in memory, of which it may use what its role in AWS may, with a queue that only remembers what it was told, and tells why as that of AWS Batch.

import type { ConfiguredKeys } from '../../core/api-key/configured-keys.ts';
import { createKeyRecords } from '../../core/api-key/key-records.ts';
import { createKeyRing } from '../../core/api-key/key-ring.ts';
import type { WebhookReceivers } from '../../core/environment.ts';
import type { JobQueue, JobStart } from '../../core/job/queues/job-queue.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { createLaneScheduler, type LaneScheduler } from '../../core/lanes/lane-scheduler.ts';
import { createPredictor, type Predictor } from '../../core/predict/predictor.ts';
import type { ServingMemory } from '../../core/predict/serving-memory.ts';
import type { FetchPicture } from '../../core/remote/fetch-picture.ts';
import { ACCESS } from '../../core/storage/access.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createServerUploadLinks } from '../../core/storage/drivers/server-upload-links.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { createUsageCounter } from '../../core/usage/usage-counter.ts';
import { createApp } from '../../functions/app.ts';
import type { AppDeps } from '../../functions/deps/deps.ts';
import type { BackendFinder } from '../../functions/deps/find-backends.ts';
import { DEFAULT_LIMITS, type Limits } from '../../functions/deps/limits.ts';
import { createJsonLogger } from '../../functions/deps/logger.ts';
import { UPLOADS_PATH } from '../../functions/routes/receive-upload.ts';
import { deniedToApps, storeWithAccess } from './store-with-policy.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type AnyJson = any;

export const readAnswer = async (
  response: Response,
): Promise<{ status: number; headers: Headers; body: AnyJson }> => ({
  status: response.status,
  headers: response.headers,
  body: await response.json(),
});

export interface TestAppOptions {
  readonly store?: ObjectStore;
  readonly limits?: Partial<Limits>;
  readonly apiKeys?: ConfiguredKeys;
  readonly weightsDir?: string;
  readonly checkWritable?: () => Promise<void>;
  readonly allowOrigins?: readonly string[] | undefined;
  readonly trustsProxy?: boolean;
  readonly backends?: BackendFinder;
  readonly machines?: AppDeps['machines'];
  readonly lanes?: LaneScheduler;
  readonly isStopping?: () => boolean;
  readonly predictor?: Predictor;
  readonly servingMemory?: ServingMemory;
  readonly fetchPicture?: FetchPicture;
  readonly keepsFeedback?: boolean;
  readonly keepDays?: AppDeps['keepDays'];
  readonly metrics?: AppDeps['metrics'];
  readonly front?: AppDeps['front'];
  readonly findCaller?: AppDeps['findCaller'];
  readonly metricsScope?: AppDeps['metricsScope'];
  /** Default: `public`. */
  readonly webhookReceivers?: WebhookReceivers | undefined;
}

/** A fixed clock that a test may turn on. */
const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function createTestApp(options: TestAppOptions = {}) {
  const {
    store = createMemoryStore(),
    limits = {},
    apiKeys,
    weightsDir,
    allowOrigins,
    trustsProxy,
    checkWritable,
  } = options;
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const jobs = createJobStore({ store, now });
  // The app may do what its role in AWS may.
  const { store: allowed } = storeWithAccess(store, ACCESS.api, deniedToApps);
  const submitted: string[] = [];
  const starts: (JobStart | undefined)[] = [];
  const cancelled: string[] = [];
  const queue: JobQueue = {
    async submit(job, start) {
      submitted.push(job.id);
      starts.push(start);
      return start?.reason;
    },
    cancel: async (job) => void cancelled.push(job.id),
  };
  const logLines: string[] = [];
  const uploads = createServerUploadLinks({ path: UPLOADS_PATH, now });
  const { predictor = createPredictor({ store: allowed, threads: 1 }) } = options;
  const app = createApp({
    store: allowed,
    jobs: createJobStore({ store: allowed, now }),
    uploads,
    queue,
    machines: options.machines ?? [
      { name: 'g4dn.xlarge', gpu: 'T4', vcpus: 4, usdPerHour: 0.5, priceBasis: 'A price for tests.' },
    ],
    predictor,
    servingMemory: options.servingMemory,
    lanes: options.lanes ?? createLaneScheduler({ lanes: 4 }),
    now,
    // A busy machine may take its time.
    limits: { ...DEFAULT_LIMITS, inspectionMs: Number.POSITIVE_INFINITY, ...limits },
    keyRing:
      apiKeys &&
      createKeyRing({ configured: apiKeys, records: createKeyRecords({ store: allowed, now }), now }),
    allowOrigins,
    trustsProxy,
    weightsDir,
    ...(options.isStopping === undefined ? {} : { isStopping: options.isStopping }),
    ...(checkWritable === undefined ? {} : { checkWritable }),
    backends: options.backends,
    fetchPicture: options.fetchPicture,
    keepsFeedback: options.keepsFeedback,
    keepDays: options.keepDays,
    metrics: options.metrics,
    front: options.front,
    findCaller: options.findCaller,
    metricsScope: options.metricsScope,
    webhookReceivers: 'webhookReceivers' in options ? options.webhookReceivers : 'public',
    usage: createUsageCounter({
      store: allowed,
      now,
      flushesOnCount: false,
      onError: (error) => logLines.push(String(error)),
    }),
    version: '0.0.0-test',
    logger: createJsonLogger({ write: (line) => logLines.push(line), now }),
  });

  /** Status and parsed body of a JSON request. */
  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return readAnswer(response);
  }

  return { app, store, uploads, jobs, predictor, submitted, starts, cancelled, logLines, clock, send };
}
export type TestApp = ReturnType<typeof createTestApp>;
