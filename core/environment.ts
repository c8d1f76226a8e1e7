// What the stack tells the processes it runs: names of environment variables, and the shape of those that are more
// than a string. The one contract between infra/ and the entry points; knows neither.

import { z } from 'zod';
import { GPUS, type GpuName } from './pricing/gpus.ts';

/** Names of environment variables. */
export const environment = {
  /** Where everything is stored: `s3://bucket`, `file:///folder`. */
  storeUrl: 'FOVEA_STORE_URL',
  /** The job that a trainer is started for. */
  jobId: 'FOVEA_JOB_ID',
  /** The name under which it takes the job's lease: whoever started it may give that back when the process is gone. */
  leaseOwner: 'FOVEA_LEASE_OWNER',
  /** Memory that a trainer may take, in bytes; left out, what its container or the machine has. */
  memoryLimitBytes: 'FOVEA_MEMORY_LIMIT_BYTES',
  /** JSON of a {@link TrainerFleet}. */
  trainerFleet: 'FOVEA_TRAINER_FLEET',
  /** What an hour of the trainer's machine costs, US dollars; nothing where it is left out. */
  usdPerHour: 'FOVEA_USD_PER_HOUR',
  /** Secret that holds the API keys: a JSON object from a key's name to the key. */
  apiKeysSecret: 'FOVEA_API_KEYS_SECRET',
  /** One API key: of a server that is started on this machine, and of those who call it. */
  apiKey: 'FOVEA_API_KEY',
  /** JSON list of {@link OriginSchema}: pages of other sites that may use the API. */
  allowOrigins: 'FOVEA_ALLOW_ORIGINS',
} as const;

/** How a trainer's process says what has come of its job, where it is not over; after sysexits.h. */
export const exitCodes = {
  /** EX_TEMPFAIL: nothing is wrong with the job, which is left to another attempt, in a while. */
  released: 75,
  /** EX_OSERR: the attempt has done against a want of memory what the job allows; a larger machine may do more. */
  outOfMemory: 71,
} as const;

/** Where a page is from, as browsers say it: `https://app.example.com`, `capacitor://localhost`; or `*`. */
export const OriginSchema = z.string().refine(isOrigin, {
  message:
    'must be "*", or scheme and host as browsers say them, e.g. https://app.example.com, without a path',
});

function isOrigin(text: string): boolean {
  if (text === '*') return true;
  if (!URL.canParse(text)) return false;
  return /^https?:/.test(text)
    ? new URL(text).origin === text
    : /^[a-z][a-z0-9+.-]*:\/\/[^/\s,?#]+$/.test(text);
}

/** Namespace of the CloudWatch metrics of functions and job events. */
export const METRICS_NAMESPACE = 'Fovea';

/** Names of the metrics; the dashboard and the alarms draw what the functions emit. */
export const metrics = {
  predictions: 'Predictions',
  predictLatencyMs: 'PredictLatency',
  coldStarts: 'ColdStart',
  /** With dimension `status`. */
  jobs: 'Jobs',
  jobsResubmitted: 'JobsResubmitted',
  trainerSeconds: 'TrainerSeconds',
  estimatedCostUsd: 'EstimatedCost',
} as const;

const GPU_NAMES = GPUS.map(({ name }) => name) as [GpuName, ...GpuName[]];

/** One size of machine that trainers can run on. */
const TrainerPoolSchema = z.object({
  /** E.g. `gpu-16gb`. */
  name: z.string().min(1),
  /** ARN, with its revision. */
  jobDefinition: z.string().min(1),
  /** ARNs of the queues a job goes through, in this order; at least one. */
  queues: z.array(z.object({ capacity: z.enum(['spot', 'on-demand']), arn: z.string().min(1) })).min(1),
  /** On-demand price of the pool's cheapest machine: what an hour costs at least without Spot, and at most with it. */
  usdPerHour: z.number().nonnegative(),
  /** That machine, for estimates. */
  machine: z.object({
    /** E.g. `g4dn.xlarge`. */
    name: z.string().min(1),
    gpu: z.enum(GPU_NAMES).optional(),
    vcpus: z.number().int().positive(),
    /** A sentence: where the price is from. */
    priceBasis: z.string(),
  }),
});

export const TrainerFleetSchema = z.object({
  /** Smallest first: a job that runs out of memory moves to the next. */
  pools: z.array(TrainerPoolSchema).min(1),
  /** Put on every Batch job; permissions to end jobs depend on them. */
  tags: z.record(z.string(), z.string()),
});

export type TrainerPool = z.infer<typeof TrainerPoolSchema>;
/** Everything that can run trainers. */
export type TrainerFleet = z.infer<typeof TrainerFleetSchema>;
