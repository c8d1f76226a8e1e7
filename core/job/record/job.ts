// The job record: what a fine-tuning job is and which states it may pass through. Its states and public fields follow
// OpenAI's fine-tuning jobs. Knows nothing of how training works.

import { z } from 'zod';
import type { ErrorCode } from '../../errors/error-codes.ts';
import { FORMATS } from '../../storage/formats.ts';
import { HyperparametersSchema } from '../recipe/hyperparameters.ts';
import { MemoryRecordSchema, NO_MEMORY_RECORD } from '../recipe/memory-record.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../recipe/recipe.ts';
import { FailedTrialSchema, SweepSchema, TrialSchema } from '../recipe/sweep.ts';
import { FurthestSchema } from './furthest.ts';

export const JOB_STATUSES = [
  'validating_files',
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export const JobStatusSchema = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof JobStatusSchema>;

/** What a job may become; a state without an entry is final. */
const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  validating_files: ['queued', 'running', 'failed', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  running: ['queued', 'succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const isFinal = (status: JobStatus): boolean => TRANSITIONS[status].length === 0;
export const canBecome = (from: JobStatus, to: JobStatus): boolean => TRANSITIONS[from].includes(to);

export const BACKENDS = ['auto', 'gpu', 'native', 'portable'] as const;

/** Shares of the pictures of each class; they sum to 1. Ignored where the dataset has folders train/ and test/. */
export const SplitFractionsSchema = z
  .object({
    train: z.number().positive().max(1).default(0.75).describe('Share of the pictures that train.'),
    validation: z.number().min(0).max(1).default(0.15).describe('Share that chooses the best epoch.'),
    test: z.number().min(0).max(1).default(0.1).describe('Share that judges the model.'),
  })
  .strict()
  .describe(
    'Shares of the pictures of each class; they sum to 1. Ignored where the dataset has folders train/ and test/.',
  )
  .refine((s) => Math.abs(s.train + s.validation + s.test - 1) < 1e-9, {
    message: 'the fractions train, validation and test must sum to 1',
  });
export type SplitFractions = z.infer<typeof SplitFractionsSchema>;

/** An attempt at a Batch job, as AWS Batch tells it to the attempt. */
const BatchAttemptSchema = z.object({
  /** Of a child of an array, with its index: `<array>:<index>`. */
  jobId: z.string(),
  /** From 1. AWS Batch starts one when the one before is over. */
  attempt: z.number().int().min(1),
});
export type BatchAttempt = z.infer<typeof BatchAttemptSchema>;

/** What a lost or killed attempt leaves behind and a later one takes over; lease.ts says when. */
export const LeaseSchema = z.object({
  /** Random name of the attempt that holds the job. */
  owner: z.string(),
  attempt: z.number().int().min(1),
  /** Goes up with every renewal, by which others see that the attempt is alive. */
  renewals: z.number().int().nonnegative().default(0),
  /** Unix milliseconds on the holder's clock, for earlier versions of Fovea: this one trusts nobody's clock but its own. */
  expiresAtMs: z.number().int(),
  /** Of trainers on AWS Batch. */
  batch: BatchAttemptSchema.optional(),
});
export type Lease = z.infer<typeof LeaseSchema>;

/** Where a trainer of the job was sent on AWS Batch; core/job/queues/batch/batch-queue.ts writes it. */
export const PlacementSchema = z.object({
  /** Name of the pool of machines, e.g. `gpu-16gb`. */
  pool: z.string(),
  capacity: z.enum(['spot', 'on-demand']),
  /** Counts the Batch jobs of this job, from 1. */
  submission: z.number().int().min(1),
  /** Random name of who is submitting it, and since when (Unix milliseconds). */
  claim: z.object({ owner: z.string(), atMs: z.number().int() }),
  /** Of a sweep whose trials run side by side: the Batch job is an array with a child for each. */
  trials: z.number().int().min(2).optional(),
  /** Null until AWS Batch has answered. */
  batchJobId: z.string().nullable(),
  /** The Batch job that ended and led to this one. */
  replaces: z.string().nullable(),
});
export type Placement = z.infer<typeof PlacementSchema>;

/** What a Batch job of the job took. */
export const MachineUsageSchema = z.object({
  batchJobId: z.string(),
  pool: z.string(),
  /** Over all of its attempts. */
  seconds: z.number().nonnegative(),
  /** At the on-demand price, which Spot machines stay below. */
  estimatedUsd: z.number().nonnegative(),
});

/** Machine time and its price, over all attempts of a job. */
export const SpendingSchema = z.object({
  seconds: z.number().nonnegative().describe('Of machines, over all attempts.'),
  usd: z
    .number()
    .nonnegative()
    .describe('At the on-demand price, which Spot machines stay below; 0 where no price is set.'),
});
export type Spending = z.infer<typeof SpendingSchema>;

export const NOTHING_SPENT: Spending = { seconds: 0, usd: 0 };

export const JobErrorSchema = z.object({
  /** Of {@link toJobError}; a record of another version may have a code that this one does not know. */
  code: z.string().describe('Stable, e.g. `dataset-invalid`.'),
  message: z.string().describe('What failed, and what to do.'),
  param: z.string().nullable().describe('The field of the request at fault; null where none is.'),
});

/** What a job that fails says of it. */
export const toJobError = (
  code: ErrorCode,
  message: string,
  param: string | null = null,
): z.infer<typeof JobErrorSchema> => ({ code, message, param });

const known = (what: string) => `${what}; null where that is not known.`;

export const ProgressSchema = z.object({
  stage: z
    .enum(['validating', 'weights', 'features', 'training', 'evaluating', 'exporting'])
    .describe('What the trainer is at.'),
  trial: z
    .number()
    .int()
    .nullable()
    .default(null)
    .describe('Trial of a sweep, from 1; null where there is no sweep.'),
  trials: z
    .number()
    .int()
    .nullable()
    .default(null)
    .describe('Trials of the sweep; null where there is none.'),
  epoch: z.number().int().nullable().describe(known('Running epoch, from 1')),
  epochs: z.number().int().nullable().describe(known('Epochs of the stage, at most')),
  step: z.number().int().nullable().describe(known('Steps of the stage that are done')),
  steps: z.number().int().nullable().describe(known('Steps of the stage')),
  loss: z.number().nullable().describe(known('Cross-entropy of the last steps, in nats')),
  accuracy: z.number().nullable().describe(known('Share of the last pictures that were right, 0 to 1')),
  imagesPerSecond: z.number().nullable().describe(known('Pictures a second')),
  secondsLeft: z.number().nullable().describe(known('Seconds until the stage ends')),
  rssBytes: z.number().int().nullable().describe(known('Resident memory of the trainer, bytes')),
});
export type Progress = z.infer<typeof ProgressSchema>;

export const JobRecordSchema = z.object({
  formatVersion: z.literal(FORMATS.job.version),
  id: z.string(),
  status: JobStatusSchema,
  /** Unix seconds. */
  createdAt: z.number().int(),
  startedAt: z.number().int().nullable(),
  finishedAt: z.number().int().nullable(),
  /** Architecture to fine-tune, e.g. `mobilenet_v2_0.35`. */
  architecture: z.string(),
  dataset: z.string(),
  /** Name of the model to make. */
  model: z.string(),
  /** Set when the version is claimed, before its files are written. */
  modelVersion: z.string().nullable(),
  seed: z.number().int().min(0).max(2147483647),
  hyperparameters: HyperparametersSchema,
  recipe: RecipeSchema.prefault({}),
  /** Settings that are tried in every combination; null trains once. */
  sweep: SweepSchema.nullable().default(null),
  /** Those of the sweep that are over. */
  trials: z.array(TrialSchema).default([]),
  /** Those that no model can be made of. */
  failedTrials: z.array(FailedTrialSchema).default([]),
  /** What the first attempt made of everything that was left to `auto`; of a sweep, that of its last trial, or of its best where they run side by side, and in the end of its winner. */
  resolved: ResolvedRecipeSchema.nullable().default(null),
  /** What was given up for want of memory. */
  memory: MemoryRecordSchema.default(NO_MEMORY_RECORD),
  split: SplitFractionsSchema,
  /** Goes by this snapshot of the dataset's split, and leaves out what was added after it; null takes every picture. */
  splitSnapshot: z.number().int().min(1).nullable().default(null),
  backend: z.enum(BACKENDS),
  metadata: z.record(z.string(), z.string()),
  /** Training ends when the job has cost so much; null where it may cost what it takes. */
  maxCostUsd: z.number().positive().nullable().default(null),
  /** What trainers took so far; each adds to it while it works. */
  spent: SpendingSchema.default(NOTHING_SPENT),
  lease: LeaseSchema.nullable(),
  /** Set by whoever asked for the end of a running job; the trainer looks at it between steps. */
  cancelRequested: z.boolean(),
  attempts: z.number().int(),
  /** How far training has come; null before the first checkpoint. */
  furthest: FurthestSchema.nullable().default(null),
  /** Only of jobs on AWS Batch. */
  placement: PlacementSchema.optional(),
  /** Why a queued job does not start, where that is known. */
  queuedReason: z.string().nullable().optional(),
  usage: z.array(MachineUsageSchema).optional(),
  progress: ProgressSchema.nullable(),
  error: JobErrorSchema.nullable(),
  result: z
    .object({
      testAccuracy: z
        .number()
        .nullable()
        .describe('Share of the test split that is right, 0 to 1; null where there is no test split.'),
      trainedImages: z.number().int().describe('Pictures that were trained on.'),
      maxParityDifference: z
        .number()
        .describe('Largest difference of a probability between trainer and served model.'),
    })
    .nullable(),
});
export type JobRecord = z.infer<typeof JobRecordSchema>;
export const JOB_RECORD = { ...FORMATS.job, schema: JobRecordSchema };

export const JobEventSchema = z.object({
  id: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  level: z.enum(['info', 'warn', 'error']),
  type: z.enum(['message', 'metrics']),
  message: z.string(),
  data: z.record(z.string(), z.unknown()).nullable(),
});
export type JobEvent = z.infer<typeof JobEventSchema>;
export const JOB_EVENT = { ...FORMATS.event, schema: JobEventSchema };
