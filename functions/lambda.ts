// Entry point of the API on AWS Lambda, behind a Function URL with response streaming.

import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { streamHandle } from 'hono/aws-lambda';
import { z } from 'zod';
import { createKeyRecords } from '../core/api-key/key-records.ts';
import { createKeyRing } from '../core/api-key/key-ring.ts';
import {
  AUTHORIZATIONS,
  environment,
  metrics as names,
  OriginSchema,
  PortsSchema,
  QUEUES,
  TrainerFleetSchema,
  WEBHOOK_RECEIVERS,
} from '../core/environment.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { jsonText } from '../core/json-text.ts';
import { createLaneScheduler } from '../core/lanes/lane-scheduler.ts';
import { numberText } from '../core/number-text.ts';
import type { Predictor } from '../core/predict/predictor.ts';
import type { ServingMemory } from '../core/predict/serving-memory.ts';
import { createPictureFetcher } from '../core/remote/fetch-picture.ts';
import { openObjectStore, parseS3Url } from '../core/storage/drivers/open-object-store.ts';
import { RuleKeepDaysSchema } from '../core/storage/retention.ts';
import { createUsageCounter } from '../core/usage/usage-counter.ts';
import packageJson from '../package.json' with { type: 'json' };
import { createApp } from './app.ts';
import { backendsOfWorkers, workerMachine } from './deps/backends-of-workers.ts';
import type { Front } from './deps/front.ts';
import { DEFAULT_LIMITS } from './deps/limits.ts';
import { readEnvironment } from './environment.ts';
import { findIamCaller } from './http/admit-caller.ts';
import { lazyPredictor, lazyQueue, lazyUploadLinks } from './lazy-ports.ts';
import { machinesOf } from './machines-of-fleet.ts';
import { toLogger } from './powertools-logger.ts';

const env = readEnvironment(
  z.object({
    [environment.storeUrl]: z.string(),
    /** None where workers run all jobs. */
    [environment.trainerFleet]: jsonText(TrainerFleetSchema).optional(),
    [environment.queue]: z.enum(QUEUES).default('batch'),
    [environment.authorization]: z.enum(AUTHORIZATIONS).default('keys'),
    [environment.apiKeysSecret]: z.string(),
    [environment.frontOrigin]: z.url().optional(),
    [environment.frontSecret]: z.string().optional(),
    [environment.allowOrigins]: jsonText(z.array(OriginSchema)).default([]),
    [environment.imageUrls]: jsonText(PortsSchema).optional(),
    [environment.feedback]: jsonText(z.boolean()).default(false),
    [environment.watchRule]: z.string().optional(),
    [environment.webhookReceivers]: z.enum(WEBHOOK_RECEIVERS).optional(),
    [environment.keepDays]: RuleKeepDaysSchema,
    /** MiB; set by Lambda. */
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: numberText(z.number().positive()),
  }),
  process.env,
);

const MIB = 1024 * 1024;
/** The size of the largest event that Lambda takes, base64 and headers included. */
const EVENT_LIMIT_BYTES = 6 * MIB;
/** Lambda gives one processor for each so many MiB. */
const MIB_PER_PROCESSOR = 1769;
/** The most that Lambda gives a function, and the steps in which messages name sizes. */
const MOST_MEMORY_MIB = 10_240;
const MEMORY_STEP_MIB = 64;
/** The share of the memory for models that stay loaded. */
const MODELS_SHARE = 1 / 4;
/** After at most this long, a new key works and a removed one no longer does. */
const KEYS_MAX_AGE_SECONDS = 60;

const ApiKeysSchema = z.record(z.string(), z.string());

const imageUrlPorts = env[environment.imageUrls];
const memoryMib = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
const processors = Math.max(1, Math.floor(memoryMib / MIB_PER_PROCESSOR));
const logger = toLogger(new PowertoolsLogger());
const metrics = new Metrics();
metrics.captureColdStartMetric();

const fleet = env[environment.trainerFleet];
const [firstMachine = workerMachine(processors), ...otherMachines] =
  fleet === undefined ? [] : machinesOf(fleet);
const store = await openObjectStore(env[environment.storeUrl]);
const jobs = createJobStore({
  store,
  now: Date.now,
  onUnreadable: (id, error) =>
    logger.warn('a damaged job record is missing from a list', { job_id: id, error }),
});

/** Counts pictures and how long they took. */
const metered = (predictor: Predictor): Predictor => ({
  ...predictor,
  async predict(request) {
    const result = await predictor.predict(request);
    metrics.addMetric(names.predictions, MetricUnit.Count, result.outcomes.length);
    metrics.addMetric(names.predictLatencyMs, MetricUnit.Milliseconds, result.timingMs.total);
    metrics.publishStoredMetrics();
    return result;
  },
});

const keyRing = createKeyRing({
  records: createKeyRecords({ store, now: Date.now }),
  now: Date.now,
  configured: async () => {
    const secret = await getSecret(env[environment.apiKeysSecret], {
      maxAge: KEYS_MAX_AGE_SECONDS,
      transform: 'json',
    });
    return ApiKeysSchema.parse(secret);
  },
});

/** The front, whose secret is read again after a while. */
function frontOf(origin: string | undefined, secretId: string | undefined): Front | undefined {
  if (origin === undefined || secretId === undefined) return undefined;
  const secret = async () => String(await getSecret(secretId, { maxAge: KEYS_MAX_AGE_SECONDS }));
  return { origin, secret };
}

const servingMemory: ServingMemory = {
  bytes: memoryMib * MIB,
  keptBytes: memoryMib * MIB * MODELS_SHARE,
  give: (bytes) => {
    const mib = Math.ceil(bytes / MIB / MEMORY_STEP_MIB) * MEMORY_STEP_MIB;
    return mib <= MOST_MEMORY_MIB
      ? `deploy with -c fovea:functionMemory=${mib}`
      : `serve it by \`fovea start\` on a machine with ${mib} MiB, since AWS Lambda has ${MOST_MEMORY_MIB} at most`;
  },
};

const app = createApp({
  store,
  jobs,
  queue: lazyQueue(async () => {
    const { queueOfDeployment } = await import('./queue-of-deployment.ts');
    return queueOfDeployment(env[environment.queue], {
      store,
      jobs,
      fleet,
      now: Date.now,
      watchRule: env[environment.watchRule],
      onUnwatched: (error) => logger.warn('the schedule was not switched on', { error }),
    });
  }),
  machines: [firstMachine, ...otherMachines],
  ...(fleet === undefined
    ? {
        backends: backendsOfWorkers({
          workers: createWorkerRecords({ store, now: Date.now }),
          onError: (error) => logger.warn('the workers are not known', { error }),
        }),
      }
    : {}),
  uploads: lazyUploadLinks(async () => {
    const bucket = parseS3Url(store.url);
    if (bucket === undefined) throw new RangeError(`Upload links need a bucket, not "${store.url}".`);
    const { createS3UploadLinks } = await import('../core/storage/drivers/s3/s3-upload-links.ts');
    return createS3UploadLinks({ ...bucket, now: Date.now });
  }),
  predictor: metered(
    lazyPredictor(async () => {
      const { createPredictor } = await import('../core/predict/predictor.ts');
      return createPredictor({
        store,
        threads: processors,
        maxCachedBytes: servingMemory.keptBytes,
        servingMemory,
        onReleaseError: (error) => logger.error('a session could not be released', { error }),
      });
    }),
  ),
  servingMemory,
  // Lambda gives a function one request at a time, so none ever waits for another.
  lanes: createLaneScheduler({ lanes: processors }),
  ...(env[environment.authorization] === 'iam' ? { findCaller: findIamCaller } : { keyRing }),
  front: frontOf(env[environment.frontOrigin], env[environment.frontSecret]),
  usage: createUsageCounter({
    store,
    now: Date.now,
    // Between requests a function is frozen.
    flushesOnCount: true,
    onError: (error) => logger.warn('usage not written', { error }),
  }),
  allowOrigins: env[environment.allowOrigins],
  keepsFeedback: env[environment.feedback],
  webhookReceivers: env[environment.webhookReceivers],
  keepDays: env[environment.keepDays],
  fetchPicture: imageUrlPorts && createPictureFetcher({ ports: imageUrlPorts }),
  now: Date.now,
  limits: { ...DEFAULT_LIMITS, predictBodyBytes: EVENT_LIMIT_BYTES, datasetFileBytes: EVENT_LIMIT_BYTES },
  version: packageJson.version,
  logger,
});

/** The function that Lambda calls; it streams the app's answers. */
export const handler = streamHandle(app);
