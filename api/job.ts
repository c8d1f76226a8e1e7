// A fine-tuning job and its events on the wire: OpenAI's FineTuningJob, every required key of it, and Fovea's own
// beside them.

import { z } from '@hono/zod-openapi';
import { HyperparametersSchema } from '../core/job/hyperparameters.ts';
import {
  BACKENDS,
  JobErrorSchema,
  type JobEvent,
  type JobRecord,
  JobStatusSchema,
  ProgressSchema,
  SplitFractionsSchema,
} from '../core/job/job.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../core/job/recipe.ts';
import { RemedySchema } from '../core/job/savings.ts';
import { spendingOf } from '../core/job/spending-of.ts';
import { bestTrial, SweepSchema, type Trial, TrialSchema } from '../core/job/sweep.ts';
import { toModelReference } from '../core/model/model-name.ts';
import { EstimateSchema } from './estimate.ts';

/** OpenAI's SDKs require an organization; an installation of Fovea belongs to one. */
const ORGANIZATION_ID = 'org-fovea';

const { validationLoss, validationAccuracy, givenUp: _, ...trialNames } = TrialSchema.shape;
const { imagesPerSecond, secondsLeft, rssBytes, ...sameNames } = ProgressSchema.shape;

export const JobSchema = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job'),
    created_at: z.number().int(),
    finished_at: z.number().int().nullable(),
    estimated_finish: z.number().int().nullable(),
    model: z.string().openapi({ description: 'The architecture.' }),
    fine_tuned_model: z.string().nullable().openapi({
      description: '`<model>:<version>` once the job has succeeded; goes where a model is named.',
    }),
    organization_id: z.string(),
    status: JobStatusSchema,
    training_file: z.string(),
    validation_file: z.null(),
    result_files: z.array(z.string()),
    trained_tokens: z.null(),
    hyperparameters: HyperparametersSchema,
    method: z.object({
      type: z.literal('supervised'),
      supervised: z.object({ hyperparameters: HyperparametersSchema }),
    }),
    seed: z.number().int(),
    error: JobErrorSchema.nullable(),
    integrations: z.array(z.unknown()).max(0),
    metadata: z.record(z.string(), z.string()),

    dataset: z.string(),
    model_name: z.string().openapi({ description: 'The model that the job makes.' }),
    model_version: z.string().nullable(),
    started_at: z.number().int().nullable(),
    recipe: RecipeSchema,
    resolved_recipe: ResolvedRecipeSchema.nullable().openapi({
      description: 'What everything left to `auto` came to; null until the trainer has decided.',
    }),
    sweep: SweepSchema.nullable(),
    trials: z
      .array(
        z.object({
          ...trialNames,
          validation_loss: validationLoss,
          validation_accuracy: validationAccuracy,
          chosen: z.boolean(),
        }),
      )
      .openapi({ description: 'Trials of the sweep that are over; the best so far is chosen.' }),
    remedies: z
      .array(z.object({ remedy: RemedySchema, stage: z.string(), gave_up: z.string() }))
      .openapi({ description: 'What was given up where memory ran out, in the order in which it was.' }),
    split: SplitFractionsSchema,
    backend: z.enum(BACKENDS),
    attempts: z.number().int(),
    queued_reason: z.string().nullable().openapi({
      description: 'Why a job that waits does not start yet, where that is known.',
    }),
    machines: z
      .object({ pool: z.string(), capacity: z.string() })
      .nullable()
      .openapi({ description: 'Where the job runs on AWS Batch.' }),
    max_cost_usd: z.number().nullable(),
    cost: z.object({ seconds: z.number(), usd: z.number() }).openapi({
      description:
        'What the machines of all attempts took so far, at the on-demand price; Spot machines cost less.',
    }),
    cancel_requested: z.boolean(),
    progress: z
      .object({
        ...sameNames,
        images_per_second: imagesPerSecond,
        seconds_left: secondsLeft,
        rss_bytes: rssBytes,
      })
      .nullable(),
    result: z
      .object({
        test_accuracy: z.number().nullable(),
        trained_images: z.number().int(),
        max_parity_difference: z.number(),
      })
      .nullable(),
  })
  .openapi('FineTuningJob');
export type WireJob = z.infer<typeof JobSchema>;

/** What POST answers. */
export const CreatedJobSchema = JobSchema.extend({
  estimate: EstimateSchema.nullable().openapi({
    description:
      'Time and price; null where the dataset has too little to train on, and for imported backbones.',
  }),
}).openapi('CreatedFineTuningJob');

export const JobListSchema = z
  .object({ object: z.literal('list'), data: z.array(JobSchema), has_more: z.boolean() })
  .openapi('FineTuningJobList');

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
  .openapi('FineTuningJobEvent');
export type WireJobEvent = z.infer<typeof JobEventWireSchema>;

export const JobEventListSchema = z
  .object({ object: z.literal('list'), data: z.array(JobEventWireSchema), has_more: z.boolean() })
  .openapi('FineTuningJobEventList');

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
    resolved_recipe: job.resolved,
    sweep: job.sweep,
    trials: toWireTrials(job.trials),
    remedies: job.memory.taken.map(({ gaveUp, ...taken }) => ({ ...taken, gave_up: gaveUp })),
    split: job.split,
    backend: job.backend,
    attempts: job.attempts,
    queued_reason: job.status === 'queued' ? (job.queuedReason ?? null) : null,
    machines:
      job.placement === undefined ? null : { pool: job.placement.pool, capacity: job.placement.capacity },
    max_cost_usd: job.maxCostUsd,
    cost: spendingOf(job),
    cancel_requested: job.cancelRequested,
    progress: progress === null ? null : toWireProgress(progress),
    result:
      result === null
        ? null
        : {
            test_accuracy: result.testAccuracy,
            trained_images: result.trainedImages,
            max_parity_difference: result.maxParityDifference,
          },
  };
}

function toWireTrials(trials: readonly Trial[]): WireJob['trials'] {
  const best = bestTrial(trials);
  return trials.map(({ validationLoss, validationAccuracy, givenUp: _, ...same }) => ({
    ...same,
    validation_loss: validationLoss,
    validation_accuracy: validationAccuracy,
    chosen: same.trial === best?.trial,
  }));
}

function toWireProgress(progress: NonNullable<JobRecord['progress']>): NonNullable<WireJob['progress']> {
  const { imagesPerSecond, secondsLeft, rssBytes, ...same } = progress;
  return { ...same, images_per_second: imagesPerSecond, seconds_left: secondsLeft, rss_bytes: rssBytes };
}

export const toWireEvent = (event: JobEvent): WireJobEvent => ({
  object: 'fine_tuning.job.event',
  id: event.id,
  created_at: event.createdAt,
  level: event.level,
  type: event.type,
  message: event.message,
  data: event.data,
});
