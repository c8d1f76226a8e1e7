// The job record: what a fine-tuning job is, and which states it may pass through. States and public fields follow OpenAI's
// fine-tuning jobs. Knows nothing of how training works.

import { z } from 'zod';
import type { ErrorCode } from '../../errors/error-codes.ts';
import { FORMATS } from '../../storage/formats.ts';
import { BaseChoiceSchema } from '../recipe/base-choice.ts';
import { HyperparametersSchema } from '../recipe/hyperparameters.ts';
import { MemoryRecordSchema, NO_MEMORY_RECORD } from '../recipe/memory-record.ts';
import { PROMOTE_POLICIES } from '../recipe/promote-policy.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../recipe/recipe.ts';
import { FailedTrialSchema, SweepSchema, TrialSchema } from '../recipe/sweep.ts';
import { TRAINER_BACKENDS } from '../recipe/trainer-backends.ts';
import { BatchPredictionSchema } from './batch-prediction.ts';
import { FurthestSchema } from './furthest.ts';

/** The states of a job. The last three are final. */
export const JOB_STATUSES = [
  'validating_files',
  'queued',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const;
/** One of {@link JOB_STATUSES}. */
export const JobStatusSchema = z.enum(JOB_STATUSES);
/** The state of a job. */
export type JobStatus = z.infer<typeof JobStatusSchema>;

/** What a job may become; a state without an entry is final. */
const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  validating_files: ['queued', 'running', 'paused', 'failed', 'cancelled'],
  queued: ['running', 'paused', 'failed', 'cancelled'],
  running: ['queued', 'paused', 'succeeded', 'failed', 'cancelled'],
  // Until it is resumed; its checkpoints wait with it.
  paused: ['queued', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** Whether a job in this state is over. */
export const isFinal = (status: JobStatus): boolean => TRANSITIONS[status].length === 0;
/** Whether nothing works on a job in this state, and nothing shall: it is over, or paused. */
export const isAtRest = (status: JobStatus): boolean => status === 'paused' || isFinal(status);
/** Whether a job may change from one state to another. */
export const canBecome = (from: JobStatus, to: JobStatus): boolean => TRANSITIONS[from].includes(to);

/** The back ends that a request may name. `auto`: the best that the machine has. */
export const BACKENDS = ['auto', ...TRAINER_BACKENDS] as const;

/** Shares of the pictures of each class; they sum to 1. Ignored where the dataset has folders train/ and test/. */
export const SplitFractionsSchema = z
  .object({
    train: z
      .number()
      .positive()
      .max(1)
      .default(0.75)
      .describe('Share of the pictures that the model is trained on.'),
    validation: z.number().min(0).max(1).default(0.15).describe('Share that chooses the best epoch.'),
    test: z.number().min(0).max(1).default(0.1).describe('Share that the model is evaluated on.'),
  })
  .strict()
  .describe(
    'Shares of the pictures of each class; they sum to 1. Ignored where the dataset has folders train/ and test/.',
  )
  .refine((s) => Math.abs(s.train + s.validation + s.test - 1) < 1e-9, {
    message: 'the fractions train, validation and test must sum to 1',
  });
/** The shares of the splits. */
export type SplitFractions = z.infer<typeof SplitFractionsSchema>;

/** Which attempt at which Batch job a trainer is; AWS Batch tells it by environment variables. */
const BatchAttemptSchema = z.object({
  /** The Batch job's id; that of an array's child is `<array>:<index>`. */
  jobId: z.string(),
  /** Number of the attempt, from 1. AWS Batch starts one when the one before has ended. */
  attempt: z.number().int().min(1),
});
/** Which attempt at which Batch job a trainer is. */
export type BatchAttempt = z.infer<typeof BatchAttemptSchema>;

/** The lease by which one attempt holds a job. A killed attempt leaves it behind; lease.ts says when another may take it over. */
export const LeaseSchema = z.object({
  /** Random name of the attempt that holds the job. */
  owner: z.string(),
  attempt: z.number().int().min(1),
  /** Number of renewals. It grows while the attempt is alive, and others watch it. */
  renewals: z.number().int().nonnegative().default(0),
  /** Unix milliseconds on the holder's clock. Only earlier versions of Fovea read it; this one trusts no other machine's clock. */
  expiresAtMs: z.number().int(),
  /** Only for trainers on AWS Batch. */
  batch: BatchAttemptSchema.optional(),
  /** Name of the worker that started the trainer, where one did. */
  worker: z.string().optional(),
});
/** The lease of a job. */
export type Lease = z.infer<typeof LeaseSchema>;

/** Where the job was submitted on AWS Batch; core/job/queues/batch/batch-queue.ts writes it. */
export const PlacementSchema = z.object({
  /** Name of the pool of machines, e.g. `gpu-16gb`. */
  pool: z.string(),
  capacity: z.enum(['spot', 'on-demand']),
  /** Why the job was sent to this pool, in a sentence; absent where there was no choice. */
  reason: z.string().optional(),
  /** Number of this Batch job among those of the job, from 1. */
  submission: z.number().int().min(1),
  /** Random name of the process that submits it, and since when (Unix milliseconds). */
  claim: z.object({ owner: z.string(), atMs: z.number().int() }),
  /** Number of trials of a sweep that run side by side: the Batch job is an array with a child for each. */
  trials: z.number().int().min(2).optional(),
  /** Null until AWS Batch has answered. */
  batchJobId: z.string().nullable(),
  /** The Batch job that ended and led to this one. */
  replaces: z.string().nullable(),
  /** Whether the trainer of that one could not begin. */
  couldNotStart: z.boolean().optional(),
  /** Since when AWS Batch says that it cannot start the job for a reason that its time limits do not cover (Unix milliseconds). */
  blockedSinceMs: z.number().int().optional(),
});
/** Where a job was submitted on AWS Batch. */
export type Placement = z.infer<typeof PlacementSchema>;

/** What a job asks of workers beyond its back end; core/job/queues/workers writes it. */
export const WorkerNeedsSchema = z.object({
  /** Whether only a worker with a GPU may take it. */
  gpu: z.boolean().optional(),
  /** The device that trains must have more memory than this: so much did not suffice. */
  moreThanBytes: z.number().nonnegative().optional(),
  /** Where it starts on AWS Batch if no worker takes it; absent where only workers may. */
  orBatch: z
    .object({
      /** The pool that was chosen for it, and why; absent where there was no choice. */
      pool: z.string().optional(),
      reason: z.string().optional(),
    })
    .optional(),
});
/** What a job asks of workers. */
export type WorkerNeeds = z.infer<typeof WorkerNeedsSchema>;

/** The machine time of one Batch job. */
export const MachineUsageSchema = z.object({
  batchJobId: z.string(),
  pool: z.string(),
  /** Machine time of all its attempts. */
  seconds: z.number().nonnegative(),
  /** Price of that time on demand; Spot machines cost less. */
  estimatedUsd: z.number().nonnegative(),
});

/** Machine time and its price, over all attempts of a job. */
export const SpendingSchema = z.object({
  seconds: z.number().nonnegative().describe('Machine time of all attempts, in seconds.'),
  usd: z
    .number()
    .nonnegative()
    .describe('Its price on demand, in US dollars; Spot machines cost less. 0 where no price is set.'),
});
/** Machine time and its price. */
export type Spending = z.infer<typeof SpendingSchema>;

/** The spending before the first attempt. */
export const NOTHING_SPENT: Spending = { seconds: 0, usd: 0 };

/** Why a job failed or was cancelled. */
export const JobErrorSchema = z.object({
  /** A code that {@link toJobError} was given. A record of another version may have one that this version does not know. */
  code: z.string().describe('A stable code, e.g. `dataset-invalid`.'),
  message: z.string().describe('What failed, and what to do.'),
  param: z.string().nullable().describe('The field of the request at fault; null where none is.'),
});

/** The error of a job that failed. */
export const toJobError = (
  code: ErrorCode,
  message: string,
  param: string | null = null,
): z.infer<typeof JobErrorSchema> => ({ code, message, param });

const known = (what: string) => `${what}; null where that is not known.`;

/** What the trainer is doing. A field is null where it is not known. */
export const ProgressSchema = z.object({
  stage: z
    .enum(['validating', 'weights', 'features', 'training', 'evaluating', 'exporting'])
    .describe('What the trainer is doing.'),
  trial: z
    .number()
    .int()
    .nullable()
    .default(null)
    .describe('Number of the running trial of a sweep, from 1; null where there is no sweep.'),
  trials: z
    .number()
    .int()
    .nullable()
    .default(null)
    .describe('Number of trials of the sweep; null where there is no sweep.'),
  epoch: z.number().int().nullable().describe(known('Number of the running epoch, from 1')),
  epochs: z.number().int().nullable().describe(known('Largest number of epochs of the stage')),
  step: z.number().int().nullable().describe(known('Steps of the stage that are done')),
  steps: z.number().int().nullable().describe(known('Steps of the stage')),
  loss: z.number().nullable().describe(known('Cross-entropy of the last steps, in nats')),
  accuracy: z.number().nullable().describe(known('Accuracy on the pictures of the last steps, 0 to 1')),
  imagesPerSecond: z.number().nullable().describe(known('Pictures a second')),
  secondsLeft: z.number().nullable().describe(known('Seconds until the stage ends')),
  rssBytes: z.number().int().nullable().describe(known('Resident memory of the trainer, in bytes')),
});
/** The progress of a running job. */
export type Progress = z.infer<typeof ProgressSchema>;

/** The record of a job, as it is stored. */
export const JobRecordSchema = z.object({
  formatVersion: z.literal(FORMATS.job.version),
  id: z.string(),
  status: JobStatusSchema,
  /** Unix seconds. */
  createdAt: z.number().int(),
  startedAt: z.number().int().nullable(),
  finishedAt: z.number().int().nullable(),
  /** Architecture to fine-tune, e.g. `mobilenet_v2_0.35`; `auto` until the trainer has chosen one. */
  architecture: z.string(),
  dataset: z.string(),
  /** Name of the model to make. */
  model: z.string(),
  /** Set when the version is claimed, before its files are written. */
  modelVersion: z.string().nullable(),
  seed: z.number().int().min(0).max(2147483647),
  hyperparameters: HyperparametersSchema,
  recipe: RecipeSchema.prefault({}),
  /** Settings that are tried in every combination; null where the job trains once. */
  sweep: SweepSchema.nullable().default(null),
  /** Trials of the sweep that are over. */
  trials: z.array(TrialSchema).default([]),
  /** Trials that failed. */
  failedTrials: z.array(FailedTrialSchema).default([]),
  /**
   * The recipe with a value for every `auto`, as the first attempt decided. For a sweep it is that of the last trial, or of the best
   * one where trials run side by side; in the end, that of the winner.
   */
  resolved: ResolvedRecipeSchema.nullable().default(null),
  /** How the base was chosen, for a job that left it open. */
  baseChoice: BaseChoiceSchema.optional(),
  /** Out-of-memory remedies that were taken, and what they changed. */
  memory: MemoryRecordSchema.default(NO_MEMORY_RECORD),
  split: SplitFractionsSchema,
  /** The snapshot of the dataset's split that the job uses; pictures that were added later are skipped. Null: all pictures. */
  splitSnapshot: z.number().int().min(1).nullable().default(null),
  /** The snapshot of the dataset whose pictures the job trains on, by their content. Absent: what the dataset has. */
  datasetSnapshot: z.string().optional(),
  /** The order in which pictures are trained, before it is shuffled: by content, or, where absent, by key as earlier versions did. */
  pictureOrder: z.enum(['key', 'content']).optional(),
  backend: z.enum(BACKENDS),
  metadata: z.record(z.string(), z.string()),
  /** Whether the version that it makes becomes live; absent: `auto`. */
  promote: z.enum(PROMOTE_POLICIES).optional(),
  /** Name of the API key that asked for the job; absent where none was required. */
  createdBy: z.string().optional(),
  /** Training ends when the job has cost this much; null where there is no limit. */
  maxCostUsd: z.number().positive().nullable().default(null),
  /** Machine time of the trainers so far; each adds to it while it runs. */
  spent: SpendingSchema.default(NOTHING_SPENT),
  lease: LeaseSchema.nullable(),
  /** Set to cancel a running job; the trainer looks at it between steps. */
  cancelRequested: z.boolean(),
  /** Set to pause a running job; its trainer saves a checkpoint and ends. */
  pauseRequested: z.boolean().optional(),
  /** Set to end training early: what is best so far becomes the model. */
  finishRequested: z.boolean().optional(),
  attempts: z.number().int(),
  /** How far training has come; null before the first checkpoint. */
  furthest: FurthestSchema.nullable().default(null),
  /** Only for batch predictions. The settings of training have their defaults there, and mean nothing. */
  prediction: BatchPredictionSchema.optional(),
  /** Unix seconds at which {@link cancelRequested} was set, where that is known. */
  cancelRequestedAt: z.number().int().optional(),
  /** What was estimated before it began, in seconds of its trainer; absent where no estimate was possible. */
  estimatedSeconds: z.number().nonnegative().optional(),
  /** The checkpoint of another job that this one makes a model of. */
  fromCheckpoint: z.object({ jobId: z.string(), sequence: z.number().int() }).optional(),
  /** Only for jobs on AWS Batch. */
  placement: PlacementSchema.optional(),
  /** Only for jobs that workers may take. */
  workerNeeds: WorkerNeedsSchema.optional(),
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
        .describe('Accuracy on the test split, 0 to 1; null where there is no test split.'),
      trainedImages: z.number().int().describe('Pictures that were trained on.'),
      maxParityDifference: z
        .number()
        .describe('Largest difference between a probability of the trainer and one of the served model.'),
    })
    .nullable(),
});
/** What a job's record holds: the request, its state and its results. */
export type JobRecord = z.infer<typeof JobRecordSchema>;
/** The stored format of job records. */
export const JOB_RECORD = { ...FORMATS.job, schema: JobRecordSchema };

/** A job that nobody holds any longer, paused. */
export const toPaused = ({ pauseRequested: _, ...job }: JobRecord): JobRecord => ({
  ...job,
  status: 'paused',
  lease: null,
  queuedReason: null,
});

/** An event of a job, as it is stored. */
export const JobEventSchema = z.object({
  id: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  level: z.enum(['info', 'warn', 'error']),
  type: z.enum(['message', 'metrics']),
  message: z.string(),
  data: z.record(z.string(), z.unknown()).nullable(),
});
/** What happened in a job, in words and as data. */
export type JobEvent = z.infer<typeof JobEventSchema>;
/** The stored format of events. */
export const JOB_EVENT = { ...FORMATS.event, schema: JobEventSchema };
