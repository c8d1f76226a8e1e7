// A fine-tuning job and its events on the wire: OpenAI's FineTuningJob, every required key of it, and Fovea's own
// beside them.

import { z } from 'zod';
import { HyperparametersSchema } from '../core/job/hyperparameters.ts';
import {
  BACKENDS,
  JobErrorSchema,
  type JobEvent,
  type JobRecord,
  JobRecordSchema,
  JobStatusSchema,
  ProgressSchema,
  SplitFractionsSchema,
} from '../core/job/job.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../core/job/recipe.ts';
import { MemoryRecordSchema } from '../core/job/savings.ts';
import { spendingOf } from '../core/job/spending-of.ts';
import { bestTrial, SweepSchema, type Trial, TrialSchema } from '../core/job/sweep.ts';
import { toModelReference } from '../core/model/model-name.ts';
import { EstimateSchema } from './estimate.ts';
import { toSnakeCased } from './snake-case.ts';
import { toWire, toWireSchema } from './to-wire.ts';

/** OpenAI's SDKs require an organization; an installation of Fovea belongs to one. */
const ORGANIZATION_ID = 'org-fovea';

const FinishedTrialSchema = TrialSchema.omit({ givenUp: true }).extend({ chosen: z.boolean() });
const { taken: TakenSchema } = MemoryRecordSchema.shape;
const { result: ResultSchema } = JobRecordSchema.shape;
const WireHyperparametersSchema = toWireSchema(HyperparametersSchema);

export const JobSchema = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job'),
    created_at: z.number().int(),
    finished_at: z.number().int().nullable(),
    estimated_finish: z.number().int().nullable(),
    model: z.string().meta({ description: 'The architecture.' }),
    fine_tuned_model: z.string().nullable().meta({
      description: '`<model>:<version>` once the job has succeeded; goes where a model is named.',
    }),
    organization_id: z.string(),
    status: JobStatusSchema,
    training_file: z.string(),
    validation_file: z.null(),
    result_files: z.array(z.string()),
    trained_tokens: z.null(),
    hyperparameters: WireHyperparametersSchema,
    method: z.object({
      type: z.literal('supervised'),
      supervised: z.object({ hyperparameters: WireHyperparametersSchema }),
    }),
    seed: z.number().int(),
    error: JobErrorSchema.nullable(),
    integrations: z.array(z.unknown()).max(0),
    metadata: z.record(z.string(), z.string()),

    dataset: z.string(),
    model_name: z.string().meta({ description: 'The model that the job makes.' }),
    model_version: z.string().nullable(),
    started_at: z.number().int().nullable(),
    recipe: toWireSchema(RecipeSchema),
    resolved_recipe: toWireSchema(ResolvedRecipeSchema).nullable().meta({
      description: 'What everything left to `auto` came to; null until the trainer has decided.',
    }),
    sweep: toWireSchema(SweepSchema).nullable(),
    trials: z
      .array(toWireSchema(FinishedTrialSchema))
      .meta({ description: 'Trials of the sweep that are over; the best so far is chosen.' }),
    remedies: toWireSchema(TakenSchema).meta({
      description: 'What was given up where memory ran out, in the order in which it was.',
    }),
    split: toWireSchema(SplitFractionsSchema),
    split_snapshot: z
      .number()
      .int()
      .nullable()
      .meta({ description: "The snapshot of the dataset's split that the request names." }),
    backend: z.enum(BACKENDS),
    attempts: z.number().int(),
    queued_reason: z.string().nullable().meta({
      description: 'Why a job that waits does not start yet, where that is known.',
    }),
    machines: z
      .object({ pool: z.string(), capacity: z.string() })
      .nullable()
      .meta({ description: 'Where the job runs on AWS Batch.' }),
    max_cost_usd: z.number().nullable(),
    cost: z.object({ seconds: z.number(), usd: z.number() }).meta({
      description:
        'What the machines of all attempts took so far, at the on-demand price; Spot machines cost less.',
    }),
    cancel_requested: z.boolean(),
    progress: toWireSchema(ProgressSchema).nullable(),
    result: toWireSchema(ResultSchema),
  })
  .meta({ id: 'FineTuningJob' });
export type WireJob = z.infer<typeof JobSchema>;

/** What POST answers. */
export const CreatedJobSchema = JobSchema.extend({
  estimate: EstimateSchema.nullable().meta({
    description:
      'Time and price; null where the dataset has too little to train on, and for imported backbones.',
  }),
}).meta({ id: 'CreatedFineTuningJob' });

export const JobListSchema = z
  .object({ object: z.literal('list'), data: z.array(JobSchema), has_more: z.boolean() })
  .meta({ id: 'FineTuningJobList' });

export const JobEventWireSchema = z
  .object({
    object: z.literal('fine_tuning.job.event'),
    id: z.string(),
    created_at: z.number().int(),
    level: z.enum(['info', 'warn', 'error']),
    type: z.enum(['message', 'metrics']),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'FineTuningJobEvent' });
export type WireJobEvent = z.infer<typeof JobEventWireSchema>;

export const JobEventListSchema = z
  .object({ object: z.literal('list'), data: z.array(JobEventWireSchema), has_more: z.boolean() })
  .meta({ id: 'FineTuningJobEventList' });

/** A job as clients see it. @param nowMs Unix milliseconds, for the estimated finish of a running job. */
export function toWireJob(job: JobRecord, nowMs: number): WireJob {
  const { progress, result } = job;
  const hasEstimate = job.status === 'running' && progress !== null && progress.secondsLeft !== null;
  return {
    id: job.id,
    object: 'fine_tuning.job',
    created_at: job.createdAt,
    finished_at: job.finishedAt,
    estimated_finish: hasEstimate ? Math.round(nowMs / 1000 + (progress.secondsLeft ?? 0)) : null,
    model: job.architecture,
    fine_tuned_model:
      job.status === 'succeeded' && job.modelVersion !== null
        ? toModelReference(job.model, job.modelVersion)
        : null,
    organization_id: ORGANIZATION_ID,
    status: job.status,
    training_file: job.dataset,
    validation_file: null,
    result_files: [],
    trained_tokens: null,
    hyperparameters: job.hyperparameters,
    method: { type: 'supervised', supervised: { hyperparameters: job.hyperparameters } },
    seed: job.seed,
    error: job.error,
    integrations: [],
    metadata: job.metadata,
    dataset: job.dataset,
    model_name: job.model,
    model_version: job.modelVersion,
    started_at: job.startedAt,
    recipe: job.recipe,
    resolved_recipe: job.resolved === null ? null : toWire(ResolvedRecipeSchema, job.resolved),
    sweep: job.sweep,
    trials: toWireTrials(job.trials),
    remedies: toWire(TakenSchema, job.memory.taken),
    split: job.split,
    split_snapshot: job.splitSnapshot,
    backend: job.backend,
    attempts: job.attempts,
    queued_reason: job.status === 'queued' ? (job.queuedReason ?? null) : null,
    machines:
      job.placement === undefined ? null : { pool: job.placement.pool, capacity: job.placement.capacity },
    max_cost_usd: job.maxCostUsd,
    cost: spendingOf(job),
    cancel_requested: job.cancelRequested,
    progress: progress === null ? null : toWire(ProgressSchema, progress),
    result: toWire(ResultSchema, result),
  };
}

function toWireTrials(trials: readonly Trial[]): WireJob['trials'] {
  const best = bestTrial(trials);
  return trials.map((trial) =>
    toWire(FinishedTrialSchema, { ...trial, chosen: trial.trial === best?.trial }),
  );
}

export const toWireEvent = (event: JobEvent): WireJobEvent => ({
  object: 'fine_tuning.job.event',
  id: event.id,
  created_at: event.createdAt,
  level: event.level,
  type: event.type,
  message: event.message,
  data: event.data === null ? null : toSnakeCased(event.data),
});
