// Entry point of the API in a container, over a bucket of any server of S3. Workers elsewhere take the jobs.

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
  environment,
  OriginSchema,
  PortsSchema,
  tracesExporterOf,
  WEBHOOK_RECEIVERS,
} from '../core/environment.ts';
import { isFoveaError } from '../core/errors/errors.ts';
import { createKeptQueue } from '../core/job/queues/workers/kept-queue.ts';
import { createWorkerRecords } from '../core/job/queues/workers/worker-records.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { jsonText } from '../core/json-text.ts';
import { openObjectStore, parseS3Url } from '../core/storage/drivers/open-object-store.ts';
import { createS3UploadLinks } from '../core/storage/drivers/s3/s3-upload-links.ts';
import { KeepDaysSchema } from '../core/storage/retention.ts';
import packageJson from '../package.json' with { type: 'json' };
import { backendsOfWorkers, workerMachine } from './deps/backends-of-workers.ts';
import { createJsonLogger } from './deps/logger.ts';
import { METRICS_SCOPES } from './deps/metrics.ts';
import { readEnvironment } from './environment.ts';
import { makeApiKey } from './make-api-key.ts';
import { serveStore } from './serve-store.ts';
import { openTracing } from './tracing/open-tracing.ts';
import { welcome } from './welcome.ts';

const PORT = 8787;
/** Less than the time that compose.yaml gives the container to stop. */
const GRACE_MS = 20_000;

const env = readEnvironment(
  z.object({
    [environment.storeUrl]: z.string().refine((url) => parseS3Url(url) !== undefined, {
      message: 'must be s3://bucket or s3://bucket/prefix',
    }),
    [environment.apiKeysFile]: z.string().min(1),
    [environment.publicUrl]: z.url(),
    [environment.publicS3Endpoint]: z.url(),
    [environment.allowOrigins]: jsonText(z.array(OriginSchema)).default([]),
    [environment.imageUrls]: jsonText(PortsSchema).optional(),
    [environment.feedback]: jsonText(z.boolean()).default(false),
    [environment.metricsScope]: z.enum(METRICS_SCOPES).optional(),
    [environment.webhookReceivers]: z.enum(WEBHOOK_RECEIVERS).default('public'),
    [environment.keepDays]: KeepDaysSchema.default({}),
  }),
  process.env,
);

const logger = createJsonLogger({ write: (line) => process.stderr.write(line), now: Date.now });
const { keys, isNew } = await makeApiKey(env[environment.apiKeysFile]).catch((error: unknown) => {
  console.error(isFoveaError(error) ? error.message : error);
  process.exit(1);
});
const storeUrl = env[environment.storeUrl];
const tracing = await openTracing(tracesExporterOf(process.env), { version: packageJson.version, logger });
const opened = await openObjectStore(storeUrl);
const store = tracing?.traceStore(opened) ?? opened;
const jobs = createJobStore({
  store,
  now: Date.now,
  onUnreadable: (id, error) =>
    logger.warn('a damaged job record is missing from a list', { job_id: id, error }),
});
const workers = createWorkerRecords({ store, now: Date.now });
const queue = createKeptQueue({
  jobs,
  workers,
  onError: (error) => logger.error('open jobs not checked', { error }),
});
const s3Endpoint = env[environment.publicS3Endpoint];
const { bucket, prefix } = parseS3Url(storeUrl) as { bucket: string; prefix: string };

const server = await serveStore(
  {
    store,
    jobs,
    queue,
    tracing,
    uploads: createS3UploadLinks({ bucket, prefix, endpoint: s3Endpoint, now: Date.now }),
    backends: backendsOfWorkers({
      workers,
      onError: (error) => logger.warn('the workers are not known', { error }),
    }),
    machines: [workerMachine(availableParallelism())],
  },
  {
    host: '0.0.0.0',
    port: PORT,
    apiKeys: async () => keys,
    allowOrigins: env[environment.allowOrigins],
    imageUrlPorts: env[environment.imageUrls],
    keepsFeedback: env[environment.feedback],
    metricsScope: env[environment.metricsScope],
    webhookReceivers: env[environment.webhookReceivers],
    keepDays: env[environment.keepDays],
    graceMs: GRACE_MS,
    version: packageJson.version,
    logger,
  },
);
queue.start();
console.log(
  welcome({
    version: packageJson.version,
    url: env[environment.publicUrl],
    storeUrl,
    s3Endpoint,
    newKey: isNew ? keys['default'] : undefined,
  }),
);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    Promise.all([server.stop(), queue.stop()]).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('not stopped', { error });
        process.exit(1);
      },
    );
  });
