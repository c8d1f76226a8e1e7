// Entry point of the trainer: runs one attempt at one job, at one trial of it, or at a batch prediction, which the environment names. The same file
// runs as a child process of the local worker and in the containers of AWS Batch jobs.

import { z } from 'zod';
import { cacheDirectory } from '../core/cache-directory.ts';
import { exitCodes, environment as names } from '../core/environment.ts';
import { createJobStore } from '../core/job/record/job-store.ts';
import { jsonText } from '../core/json-text.ts';
import { numberText } from '../core/number-text.ts';
import { openObjectStore } from '../core/storage/drivers/open-object-store.ts';
import { isBatchId } from '../core/storage/keys.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import { createRetryingStore } from '../core/storage/retrying-store.ts';
import { findContainerImage } from './attempt/container-image.ts';
import { EXIT_CODE_OF } from './attempt/exit-code-of.ts';
import { findMachinePrice } from './attempt/machine-price.ts';
import type { AttemptOutcome, RunJobDeps } from './attempt/run-attempt.ts';
import { BACKEND_OF_IMAGE, IMAGE_VARIANTS } from './image-variants.ts';

const EnvironmentSchema = z.object({
  /** URL of the store: `file:///…` or `s3://bucket/prefix`. */
  FOVEA_STORE_URL: z.string(),
  FOVEA_JOB_ID: z.string(),
  /** A folder of weight files that a person put there. */
  FOVEA_WEIGHTS_DIR: z.string().optional(),
  /** The back end that the container image was made for; `auto` takes no other there. */
  FOVEA_IMAGE_VARIANT: z.enum(IMAGE_VARIANTS).optional(),
  /** Set by AWS Batch in the children of an array job, from 0: each child is a trial of its job, or a shard of a batch prediction. */
  AWS_BATCH_JOB_ARRAY_INDEX: numberText(z.number().int().nonnegative()).optional(),
  [names.trial]: numberText(z.number().int().min(1)).optional(),
  [names.leaseOwner]: z.string().min(1).optional(),
  /** Set by AWS Batch, as is the number of the attempt, from 1. */
  AWS_BATCH_JOB_ID: z.string().optional(),
  AWS_BATCH_JOB_ATTEMPT: numberText(z.number().int().min(1)).optional(),
  /** Set by AWS Batch. */
  ECS_CONTAINER_METADATA_URI_V4: z.string().optional(),
  /** The price of this machine. */
  FOVEA_USD_PER_HOUR: numberText(z.number().nonnegative()).default(0),
  [names.machinePrices]: jsonText(z.record(z.string(), z.number().nonnegative())).default({}),
  /** Memory that the trainer may take, where that is less than its container or the machine has. */
  FOVEA_MEMORY_LIMIT_BYTES: numberText(z.number().int().positive()).optional(),
});

const environment = EnvironmentSchema.safeParse(process.env);
if (!environment.success) {
  console.error(
    `Environment variables of the trainer are missing or wrong.\n${z.prettifyError(environment.error)}`,
  );
  process.exit(exitCodes.notStarted);
}
const {
  FOVEA_STORE_URL,
  FOVEA_JOB_ID,
  FOVEA_WEIGHTS_DIR,
  FOVEA_IMAGE_VARIANT,
  FOVEA_USD_PER_HOUR,
  FOVEA_MEMORY_LIMIT_BYTES,
  AWS_BATCH_JOB_ARRAY_INDEX,
  AWS_BATCH_JOB_ID,
  AWS_BATCH_JOB_ATTEMPT,
} = environment.data;

const terminated = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => terminated.abort());
// The server or worker that started it was killed: nobody would stop it, and another job may be started beside it.
process.once('disconnect', () => terminated.abort());

const store = createRetryingStore(await openStore(), {
  onRetry: ({ action, key, attempt, error }) =>
    console.warn(`Could not ${action} "${key}" (try ${attempt}): ${error.message}`),
});
const deps: RunJobDeps = {
  store,
  jobs: createJobStore({ store, now: Date.now }),
  now: Date.now,
  leaseOwner: environment.data[names.leaseOwner],
  ...(AWS_BATCH_JOB_ID === undefined || AWS_BATCH_JOB_ATTEMPT === undefined
    ? {}
    : { batch: { jobId: AWS_BATCH_JOB_ID, attempt: AWS_BATCH_JOB_ATTEMPT } }),
  weightsDir: FOVEA_WEIGHTS_DIR,
  usdPerHour: await findMachinePrice({
    prices: environment.data[names.machinePrices],
    otherwise: FOVEA_USD_PER_HOUR,
  }),
  memoryLimitBytes: FOVEA_MEMORY_LIMIT_BYTES,
  ...(FOVEA_IMAGE_VARIANT === undefined ? {} : { autoBackend: BACKEND_OF_IMAGE[FOVEA_IMAGE_VARIANT] }),
  image: await findContainerImage(environment.data.ECS_CONTAINER_METADATA_URI_V4),
  cacheDirectory: cacheDirectory(process.env),
  terminated: terminated.signal,
  onUnexpectedError: (error) => console.error(error),
};
const trial =
  AWS_BATCH_JOB_ARRAY_INDEX === undefined ? environment.data[names.trial] : AWS_BATCH_JOB_ARRAY_INDEX + 1;
const outcome = await run(FOVEA_JOB_ID, trial);
// TensorFlow's threads would keep the process alive.
process.exit(EXIT_CODE_OF[outcome]);

async function openStore(): Promise<ObjectStore> {
  try {
    return await openObjectStore(FOVEA_STORE_URL);
  } catch (error) {
    console.error(error);
    process.exit(exitCodes.notStarted);
  }
}

/** Loads what the job needs: a batch prediction needs nothing that trains. */
async function run(id: string, part: number | undefined): Promise<AttemptOutcome> {
  if (isBatchId(id)) {
    const { runBatch, runShard } = await import('./run-batch.ts');
    return part === undefined ? runBatch(deps, id) : runShard(deps, id, part);
  }
  if (part === undefined) return (await import('./run-job.ts')).runJob(deps, id);
  return (await import('./run-trial.ts')).runTrial(deps, id, part);
}
