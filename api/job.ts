// A fine-tuning job and its events on the wire: OpenAI's FineTuningJob, every required key of it, and Fovea's own
// beside them.

import { z } from 'zod';
import { BaseChoiceSchema } from '../core/job/recipe/base-choice.ts';
import { HyperparametersSchema } from '../core/job/recipe/hyperparameters.ts';
import { MemoryRecordSchema } from '../core/job/recipe/memory-record.ts';
import { PROMOTE_DESCRIPTION, PROMOTE_POLICIES } from '../core/job/recipe/promote-policy.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../core/job/recipe/recipe.ts';
import { bestTrial, SweepSchema, type Trial, TrialSchema } from '../core/job/recipe/sweep.ts';
import {
  BACKENDS,
  JOB_STATUSES,
  JobErrorSchema,
  type JobEvent,
  type JobRecord,
  JobRecordSchema,
  ProgressSchema,
  SpendingSchema,
  SplitFractionsSchema,
} from '../core/job/record/job.ts';
import { spendingOf } from '../core/job/record/spending-of.ts';
import { ONNX_FILE } from '../core/model/manifest.ts';
import { toModelReference } from '../core/model/model-name.ts';
import { ESTIMATE_DESCRIPTION, EstimateSchema } from './estimate.ts';
import { count, hasMore, listOf, objectKind, orNull, text, unixSeconds } from './quantities.ts';
import { toSnakeCased } from './snake-case.ts';
import { toWire, toWireSchema } from './to-wire.ts';

/** OpenAI's SDKs require an organization; an installation of Fovea belongs to one. */
const ORGANIZATION_ID = 'org-fovea';

const FinishedTrialSchema = TrialSchema.omit({ givenUp: true }).extend({
  chosen: z.boolean().describe('Whether it is the best so far.'),
});
const { taken: TakenSchema } = MemoryRecordSchema.shape;
const { result: ResultSchema } = JobRecordSchema.shape;
const WireHyperparametersSchema = toWireSchema(HyperparametersSchema).meta({
  description: 'Hyperparameters as the request gave them.',
});

/** The states of a job on the wire: those of its record, and one that follows from a request to a running job. */
export const WireStatusSchema = z.enum([...JOB_STATUSES, 'pausing']);

/** A fine-tuning job as every route answers it. */
export const JobSchema = z
  .object({
    id: text('The id of the job.'),
    object: objectKind('fine_tuning.job'),
    created_at: unixSeconds('When it was asked for'),
    finished_at: unixSeconds('When it was over; null until then').nullable(),
    estimated_finish: unixSeconds(
      'When it will be over, by its estimate and by the speed of its running stage; null where that is not known',
    ).nullable(),
    model: z.string().meta({ description: 'The architecture.' }),
    fine_tuned_model: z.string().nullable().meta({
      description: '`<model>:<version>` once the job has succeeded. Use it wherever a model is named.',
    }),
    organization_id: text('A constant that OpenAI’s SDKs require.'),
    status: WireStatusSchema.meta({
      description:
        'Where the job stands. `pausing`: it runs until its trainer has saved a checkpoint. `succeeded`, `failed` and `cancelled` are final.',
    }),
    training_file: text('Name of the dataset.'),
    validation_file: z.null().meta({ description: 'Always null: the dataset has its own split.' }),
    result_files: z.array(z.string()).meta({
      description: 'Paths under this API of the report and of the model, once the job has succeeded.',
    }),
    trained_tokens: z.null().meta({ description: 'Always null: pictures are no tokens.' }),
    hyperparameters: WireHyperparametersSchema,
    method: z
      .object({
        type: z.literal('supervised').meta({ description: 'The only method there is.' }),
        supervised: z
          .object({ hyperparameters: WireHyperparametersSchema })
          .meta({ description: 'Settings of the method.' }),
      })
      .meta({ description: 'How it trains, in the form of OpenAI’s SDKs.' }),
    seed: z.number().int().meta({ description: 'The same seed gives the same model.' }),
    error: toWireSchema(JobErrorSchema)
      .nullable()
      .meta({ description: 'Why the job failed or was cancelled; null where it did not.' }),
    integrations: z.array(z.unknown()).max(0).meta({ description: 'Always empty.' }),
    metadata: z.record(z.string(), z.string()).meta({ description: 'The pairs that the request gave.' }),

    dataset: text('Name of the dataset.'),
    model_name: z.string().meta({ description: 'The model that the job makes.' }),
    model_version: z
      .string()
      .nullable()
      .meta({ description: 'Version of that model; null until it is exported.' }),
    started_at: unixSeconds('When a trainer began; null until then').nullable(),
    recipe: toWireSchema(RecipeSchema).meta({
      description:
        'Which layers are trained, and on which augmented views of the pictures, as the request gave it.',
    }),
    resolved_recipe: toWireSchema(ResolvedRecipeSchema).nullable().meta({
      description: 'The recipe with a value for every `auto`; null until the trainer has decided.',
    }),
    base_choice: toWireSchema(BaseChoiceSchema).nullable().meta({
      description:
        'How the trainer chose the base of a job whose `model` was `auto`; null for other jobs, and until it has chosen. `model` is the base then.',
    }),
    sweep: toWireSchema(SweepSchema)
      .nullable()
      .meta({ description: 'Settings that are tried in every combination; null where the job trains once.' }),
    trials: z
      .array(toWireSchema(FinishedTrialSchema))
      .meta({ description: 'Trials of the sweep that are over; the best so far is chosen.' }),
    remedies: toWireSchema(TakenSchema).meta({
      description: 'Out-of-memory remedies that were taken, in their order.',
    }),
    split: toWireSchema(SplitFractionsSchema),
    split_snapshot: z
      .number()
      .int()
      .nullable()
      .meta({ description: "The snapshot of the dataset's split that the request names." }),
    dataset_snapshot: z.string().nullable().meta({
      description:
        'The snapshot of the dataset whose pictures the job trains on; null where it takes those that the dataset has.',
    }),
    backend: z.enum(BACKENDS).meta({ description: 'The back end that the request named.' }),
    attempts: count('Attempts so far; one that was only told to stop does not count.'),
    queued_reason: z.string().nullable().meta({
      description: 'Why a job that waits does not start yet, where that is known.',
    }),
    machines: z
      .object({
        pool: text('Kind of machines.'),
        capacity: text('How they are bought: `spot` or `on-demand`.'),
        reason: z
          .string()
          .nullable()
          .meta({ description: 'Why the job was sent there; null where there was no choice.' }),
      })
      .nullable()
      .meta({ description: 'Machines of AWS Batch on which the job runs; null elsewhere.' }),
    worker: z.string().nullable().meta({
      description:
        'Name of the worker that has the job; null where none has it. Trials of a sweep are listed with the workers.',
    }),
    max_cost_usd: z
      .number()
      .nullable()
      .meta({ description: 'Training ends when it has cost this much; null where there is no limit.' }),
    cost: toWireSchema(SpendingSchema).meta({
      description:
        'What the machines of all attempts cost so far, at the on-demand price. Spot machines cost less.',
    }),
    promote: z.enum(PROMOTE_POLICIES).meta({ description: PROMOTE_DESCRIPTION }),
    cancel_requested: z
      .boolean()
      .meta({ description: 'Whether its end was requested. A running job ends within a step.' }),
    progress: toWireSchema(ProgressSchema)
      .nullable()
      .meta({ description: 'What the trainer is doing; null before it begins.' }),
    result: toWireSchema(ResultSchema).meta({
      description: 'Metrics of the model; null until the job has succeeded.',
    }),
  })
  .meta({ id: 'FineTuningJob', description: 'OpenAI’s fine-tuning job with fields of Fovea’s own.' });
/** A job as clients get it. */
export type WireJob = z.infer<typeof JobSchema>;

/** The answer of `POST /v1/fine_tuning/jobs`: the job with its estimate. */
export const CreatedJobSchema = JobSchema.extend({
  estimate: orNull(EstimateSchema, ESTIMATE_DESCRIPTION),
}).meta({ id: 'CreatedFineTuningJob', description: 'The new job and the estimate of its time and price.' });
/** A new job as clients get it. */
export type WireCreatedJob = z.infer<typeof CreatedJobSchema>;

/** The answer of `DELETE /v1/fine_tuning/jobs/<id>`. */
export const DeletedJobSchema = z
  .object({
    id: text('The id of the job.'),
    object: objectKind('fine_tuning.job'),
    deleted: z.literal(true).meta({ description: 'It is gone.' }),
  })
  .meta({ id: 'DeletedFineTuningJob', description: 'A job that was erased.' });

/** The answer of `GET /v1/fine_tuning/jobs`: one page, newest first. */
export const JobListSchema = z
  .object({ ...listOf(JobSchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'FineTuningJobList', description: 'A page of jobs.' });

/** One event of a job. `data` has the same facts as `message`, in snake_case. */
export const JobEventWireSchema = z
  .object({
    object: objectKind('fine_tuning.job.event'),
    id: text('The id of the event.'),
    created_at: unixSeconds('When it happened'),
    level: z.enum(['info', 'warn', 'error']).meta({ description: 'How bad it is.' }),
    type: z.enum(['message', 'metrics']).meta({ description: '`metrics`: the numbers of an epoch.' }),
    message: text('What happened, in words.'),
    data: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'The facts of the message for programs, by name; null where there are none.' }),
  })
  .meta({ id: 'FineTuningJobEvent', description: 'Something that happened in a job.' });
/** An event as clients get it. */
export type WireJobEvent = z.infer<typeof JobEventWireSchema>;

/** The answer of `GET /v1/fine_tuning/jobs/<id>/events`: one page, newest first. */
export const JobEventListSchema = z
  .object({ ...listOf(JobEventWireSchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'FineTuningJobEventList', description: 'A page of events.' });

/**
 * Makes the wire's job from the record.
 * @param nowMs Unix milliseconds; the estimated finish of a running job counts from it.
 */
export function toWireJob(job: JobRecord, nowMs: number): WireJob {
  const { progress, result, placement } = job;
  const model =
    job.status === 'succeeded' && job.modelVersion !== null
      ? toModelReference(job.model, job.modelVersion)
      : null;
  return {
    id: job.id,
    object: 'fine_tuning.job',
    created_at: job.createdAt,
    finished_at: job.finishedAt,
    estimated_finish: estimatedFinish(job, nowMs / 1000),
    model: job.architecture,
    fine_tuned_model: model,
    organization_id: ORGANIZATION_ID,
    status: toWireStatus(job),
    training_file: job.dataset,
    validation_file: null,
    result_files: model === null ? [] : resultFilesOf(model),
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
    base_choice: job.baseChoice === undefined ? null : toWire(BaseChoiceSchema, job.baseChoice),
    sweep: job.sweep,
    trials: toWireTrials(job.trials),
    remedies: toWire(TakenSchema, job.memory.taken),
    split: job.split,
    split_snapshot: job.splitSnapshot,
    dataset_snapshot: job.datasetSnapshot ?? null,
    promote: job.promote ?? 'auto',
    backend: job.backend,
    attempts: job.attempts,
    queued_reason: job.status === 'queued' ? (job.queuedReason ?? null) : null,
    machines:
      placement === undefined
        ? null
        : { pool: placement.pool, capacity: placement.capacity, reason: placement.reason ?? null },
    worker: job.lease?.worker ?? null,
    max_cost_usd: job.maxCostUsd,
    cost: spendingOf(job),
    cancel_requested: job.cancelRequested,
    progress: progress === null ? null : toWire(ProgressSchema, progress),
    result: toWire(ResultSchema, result),
  };
}

/** The end of the running stage by its speed, or the end of the job by its estimate, whichever is later. Unix seconds. */
function estimatedFinish({ status, progress, startedAt, estimatedSeconds }: JobRecord, now: number) {
  if (status !== 'running') return null;
  const ends = [
    progress?.secondsLeft == null ? [] : now + progress.secondsLeft,
    startedAt === null || estimatedSeconds === undefined ? [] : startedAt + estimatedSeconds,
  ].flat();
  const latest = Math.max(...ends, now);
  return ends.length === 0 ? null : Math.round(latest);
}

const resultFilesOf = (model: string) =>
  [`report`, `files/${ONNX_FILE}`].map((file) => `/v1/models/${model}/${file}`);

/** The state of a job as clients see it. */
export const toWireStatus = ({ status, pauseRequested }: JobRecord): z.infer<typeof WireStatusSchema> =>
  status === 'running' && pauseRequested === true ? 'pausing' : status;

function toWireTrials(trials: readonly Trial[]): WireJob['trials'] {
  const best = bestTrial(trials);
  return trials.map((trial) =>
    toWire(FinishedTrialSchema, { ...trial, chosen: trial.trial === best?.trial }),
  );
}

/** Makes the wire's event from the stored one. */
export const toWireEvent = (event: JobEvent): WireJobEvent => ({
  object: 'fine_tuning.job.event',
  id: event.id,
  created_at: event.createdAt,
  level: event.level,
  type: event.type,
  message: event.message,
  data: event.data === null ? null : toSnakeCased(event.data),
});
