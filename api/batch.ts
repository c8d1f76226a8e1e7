// Batch predictions on the wire. The request takes Fovea's own fields and those of OpenAI's batches; the answer has both.

import { z } from 'zod';
import { type Evaluation, EvaluationSchema } from '../core/batch-prediction/evaluation.ts';
import { SPLITS } from '../core/dataset/split-folder.ts';
import {
  type BatchCounts,
  type BatchPrediction,
  NOTHING_ANSWERED,
} from '../core/job/record/batch-prediction.ts';
import { isFinal, type JobRecord } from '../core/job/record/job.ts';
import { BATCH_ID_PATTERN } from '../core/job/record/job-id.ts';
import { spendingOf } from '../core/job/record/spending-of.ts';
import { MetadataSchema } from './create-job.ts';
import { FILE_NAME_PATTERN } from './file-name.ts';
import { ModelParamSchema, VersionSchema } from './model.ts';
import { TOP_K_DEFAULT, TOP_K_MAX } from './prediction.ts';
import { count, hasMore, listOf, objectKind, orNull, text, unixSeconds } from './quantities.ts';
import { toWire, toWireSchema } from './to-wire.ts';

const KEY_MAX_LENGTH = 1100;
const ENDPOINT_MAX_LENGTH = 300;
const MOST_SHARDS_ASKED = 100;
const DAY_SECONDS = 24 * 60 * 60;
/** Days for which a batch is kept where the operator does not say it. */
const KEPT_DAYS = 30;

/** Seconds of a `completion_window`, by its unit. */
const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, d: DAY_SECONDS };
const COMPLETION_WINDOW = /^([1-9][0-9]{0,2})([hd])$/;

/** Seconds of a `completion_window` such as `24h`. */
export function windowSeconds(window: string): number {
  const [, number = '', unit = ''] = COMPLETION_WINDOW.exec(window) ?? [];
  return Number(number) * (UNIT_SECONDS[unit] ?? 0);
}

const ONLY_PROCESSORS =
  'batches are predicted on processors alone, as the server predicts, and a GPU would do nothing: leave it out. More "shards" make a batch quicker';

/** The body of `POST /v1/batches`. Unknown fields are refused. */
export const CreateBatchSchema = z
  .strictObject({
    model: ModelParamSchema.shape.model.optional().meta({
      description: 'The model that predicts, also as `model:version`. Or `endpoint` names it.',
      example: 'fruit',
    }),
    version: VersionSchema,
    input_prefix: z
      .string()
      .min(1)
      .max(KEY_MAX_LENGTH)
      .optional()
      .meta({
        description:
          'Predicts every object below it: `datasets/<name>/`, `uploads/`, `inputs/<folder>/`, or in the cloud `s3://bucket/…` of the ' +
          "installation's own bucket.",
        example: 'inputs/tuesday/',
      }),
    input_file_id: z
      .string()
      .min(1)
      .max(KEY_MAX_LENGTH)
      .optional()
      .meta({
        description:
          'A JSONL file: the id of a file (`POST /v1/files`) or of an upload, or its key below `inputs/`, `uploads/` or `datasets/`. Each line is ' +
          '`{"key": …, "custom_id": …}` or, with `endpoint`, a request in the form of OpenAI’s batches whose `body` names the picture (`image_key`) ' +
          'or holds it: `image` as base64, or `image_url` as a `data:` URL.',
        example: 'inputs/tuesday.jsonl',
      }),
    endpoint: z
      .string()
      .max(ENDPOINT_MAX_LENGTH)
      .regex(/^\/v1\/models\/[^/?#]+\/predict$/, 'must be /v1/models/{model}/predict')
      .optional()
      .meta({
        description:
          'As OpenAI’s batches have it: `/v1/models/{model}/predict`. The lines of the results then have the form of OpenAI’s, too.',
        example: '/v1/models/fruit/predict',
      }),
    completion_window: z
      .string()
      .regex(COMPLETION_WINDOW, 'must be hours or days, such as 24h or 7d')
      .optional()
      .meta({
        description:
          'Hours or days, such as `24h`, after which nothing more is begun. Without it the batch takes as long as it takes.',
        example: '24h',
      }),
    metadata: MetadataSchema.nullish().meta({ description: 'Up to 16 pairs of text, kept with the batch.' }),
    top_k: z
      .number()
      .int()
      .min(1)
      .max(TOP_K_MAX)
      .default(TOP_K_DEFAULT)
      .meta({ description: 'How many labels each picture is given; no more than the model has.' }),
    shards: z.number().int().min(1).max(MOST_SHARDS_ASKED).optional().meta({
      description:
        'Processes that share the pictures, where workers or AWS Batch run them. By default one for each ten minutes of work.',
    }),
    backend: z.literal('auto', { error: ONLY_PROCESSORS }).optional().meta({
      description:
        'Only `auto`: pictures are predicted on processors, as the server does it, so that the answers are the same. A GPU would not be used.',
    }),
    dry_run: z.boolean().default(false).meta({
      description: 'Only count the pictures and estimate time and price: 200, and no batch.',
    }),
  })
  .refine(
    ({ input_prefix, input_file_id }) => (input_prefix === undefined) !== (input_file_id === undefined),
    {
      path: ['input_prefix'],
      message: 'give either input_prefix or input_file_id',
    },
  )
  .refine(({ model, endpoint }) => (model === undefined) !== (endpoint === undefined), {
    path: ['model'],
    message: 'give either model or endpoint',
  })
  .meta({ id: 'CreateBatch', description: 'Many pictures that are to be predicted.' });
/** The body of `POST /v1/batches`, as clients write it. */
export type CreateBatchBody = z.input<typeof CreateBatchSchema>;

/** The body of `POST /v1/models/{model}/evaluate`. */
export const EvaluateModelSchema = z
  .strictObject({
    dataset: z.string().min(1).meta({
      description: 'The dataset whose labels count.',
      pattern: FILE_NAME_PATTERN,
      example: 'fruit',
    }),
    version: VersionSchema,
    split: z
      .enum([...SPLITS, 'all'])
      .default('all')
      .meta({
        description:
          'Which pictures of it: all, or those that a job without a `split` of its own has in this one.',
      }),
    metadata: MetadataSchema.nullish().meta({ description: 'Up to 16 pairs of text, kept with the batch.' }),
    dry_run: z.boolean().default(false).meta({
      description: 'Only count the pictures and estimate time and price: 200, and no batch.',
    }),
  })
  .meta({ id: 'EvaluateModel', description: 'Labelled pictures by which a version is to be judged.' });

/** The body of `POST /v1/models/{model}/evaluate`, as clients send it. */
export type EvaluateModelBody = z.input<typeof EvaluateModelSchema>;

const EstimateSchema = z.object({
  seconds: z.number().meta({ description: 'Seconds from the start of the first process to the end.' }),
  usd: z.number().meta({ description: 'Price of the machines; 0 where they have no price.' }),
});

/** The answer with `dry_run`. */
export const BatchDryRunSchema = z
  .object({
    object: objectKind('batch.dry_run'),
    model: text('Name of the model.'),
    model_version: text('Version of the model that would predict.'),
    pictures: count('How many pictures there are.'),
    shards: count('Processes that would share them.'),
    estimate: EstimateSchema.extend({
      machine: text('The machine of each process.'),
      basis: z.array(z.string()).meta({ description: 'What the numbers rest on, in sentences.' }),
    }).meta({ description: 'Time and price.' }),
  })
  .meta({ id: 'BatchDryRun', description: 'What a batch would take.' });
/** What a batch would take, as clients get it. */
export type WireBatchDryRun = z.infer<typeof BatchDryRunSchema>;

/** The states of a batch, as OpenAI's. The last four are final, and so is `completed`. */
const BATCH_STATUSES = [
  'validating',
  'in_progress',
  'finalizing',
  'cancelling',
  'completed',
  'failed',
  'expired',
  'cancelled',
] as const;

const WireEvaluationSchema = toWireSchema(EvaluationSchema).meta({
  id: 'Evaluation',
  description: 'How good a version is on the labelled pictures of a dataset.',
});
/** How good a version is, as clients get it. */
export type WireEvaluation = z.infer<typeof WireEvaluationSchema>;

const when = (description: string) => unixSeconds(description).nullable();

/** A batch as every route answers it. */
export const BatchSchema = z
  .object({
    id: text('The id of the batch.'),
    object: objectKind('batch'),
    status: z.enum(BATCH_STATUSES).meta({
      description:
        '`validating`: the pictures are counted, and the batch waits for a process. `finalizing`: all are answered.',
    }),
    model: text('The model that predicts.'),
    model_version: text('Its version, which was settled when the batch was made.'),
    endpoint: text('The route whose answers the results are.'),
    input_prefix: z
      .string()
      .nullable()
      .meta({ description: 'Prefix of the pictures; null where a file lists them.' }),
    input_file_id: z
      .string()
      .nullable()
      .meta({ description: 'The file that lists them; null where a prefix does.' }),
    completion_window: z
      .string()
      .nullable()
      .meta({ description: 'As the request said it; null where it did not.' }),
    top_k: count('Labels for each picture.'),
    shards: count('Processes that share the pictures, where several run.'),
    request_counts: z
      .object({
        total: count('Pictures of the batch.'),
        completed: count('Pictures that are predicted.'),
        failed: count('Pictures that have an error.'),
      })
      .meta({ description: 'How far it is.' }),
    output_file_id: z
      .string()
      .nullable()
      .meta({
        description:
          'The file with the lines of pictures with predictions (`GET /v1/files/{file_id}/content`); null before the end, and where there are ' +
          'none. `GET /v1/batches/{batch_id}/results` gives all lines.',
      }),
    error_file_id: z.string().nullable().meta({
      description:
        'The file with the lines of pictures with errors; null before the end, and where there are none.',
    }),
    errors: orNull(
      z.object(
        listOf(
          z.object({
            code: text('A stable code.'),
            message: text('What failed, and what to do.'),
            param: z.string().nullable().meta({ description: 'Always null.' }),
            line: z
              .number()
              .int()
              .nullable()
              .meta({ description: 'Always null: lines have errors of their own.' }),
          }),
          'What failed.',
        ),
      ),
      'Why the batch as a whole failed; null where it did not.',
    ),
    created_at: unixSeconds('When it was made'),
    in_progress_at: when('When the first process took it; null before'),
    expires_at: when('After which nothing more is begun; null without `completion_window`'),
    finalizing_at: when('When all pictures were answered; null before'),
    completed_at: when('When it was completed; null where it was not'),
    failed_at: when('When it failed; null where it did not'),
    expired_at: when('When it expired; null where it did not'),
    cancelling_at: when('When it was asked to stop; null where it was not'),
    cancelled_at: when('When it was cancelled; null where it was not'),
    results_expire_at: when('When the batch and its results are deleted; null before the end'),
    estimate: EstimateSchema.meta({ description: 'What it was expected to take.' }),
    spent: z
      .object({
        seconds: z.number().meta({ description: 'Machine time of all processes so far, in seconds.' }),
        usd: z.number().meta({ description: 'Its price, in US dollars.' }),
      })
      .meta({ description: 'What it has taken.' }),
    queued_reason: z.string().nullable().meta({ description: 'Why it waits, where that is known.' }),
    evaluation: orNull(
      WireEvaluationSchema,
      'How good the version is, where `POST /v1/models/{model}/evaluate` made the batch; null before the end, and of others.',
    ),
    metadata: z.record(z.string(), z.string()).meta({ description: 'The pairs of the request.' }),
  })
  .meta({ id: 'Batch', description: 'Many pictures that are predicted in the background.' });
/** A batch as clients get it. */
export type WireBatch = z.infer<typeof BatchSchema>;

/** The answer of `GET /v1/batches`. */
export const BatchListSchema = z
  .object({ ...listOf(BatchSchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'BatchList', description: 'One page of batches.' });

/** The answer of `DELETE /v1/batches/{batch_id}`. */
export const DeletedBatchSchema = z
  .object({
    id: text('The id of the batch.'),
    object: objectKind('batch'),
    deleted: z.literal(true).meta({ description: 'It is gone, with its results.' }),
    inputs_deleted: z.number().int().meta({
      description: 'Files below `inputs/` that were deleted with it, where `delete_inputs` asked for it.',
    }),
  })
  .meta({ id: 'DeletedBatch', description: 'A batch that was deleted.' });

/** The query of `DELETE /v1/batches/{batch_id}`. */
export const DeleteBatchQuerySchema = z.strictObject({
  delete_inputs: z.enum(['true', 'false']).default('false').meta({
    description:
      'Whether the pictures that it had below `inputs/` go, too, for good, and a list of them there. It needs the scope `admin`.',
  }),
});

/** The two files of a batch that is over. */
export const OUTPUTS = ['output', 'errors'] as const;
/** One of {@link OUTPUTS}. */
export type Output = (typeof OUTPUTS)[number];
const OUTPUT_FILE_ID = /^(batch_[A-Za-z0-9]+)-(output|errors)$/;

/** The id of a file of a batch. */
export const toOutputFileId = (batchId: string, output: Output): string => `${batchId}-${output}`;

/** The batch of a file's id, and which of its files that is; undefined for other ids. */
export function parseOutputFileId(
  id: string,
): { readonly batchId: string; readonly output: Output } | undefined {
  const [, batchId, output] = OUTPUT_FILE_ID.exec(id) ?? [];
  return batchId === undefined ? undefined : { batchId, output: output as Output };
}

const BATCH_ID_MAX_LENGTH = 64;

/** The path parameters of the routes of one batch. */
export const BatchIdSchema = z.object({
  batch_id: z
    .string()
    .max(BATCH_ID_MAX_LENGTH)
    .regex(BATCH_ID_PATTERN, 'must be the id of a batch, such as "batch_…"')
    .meta({ description: 'The id of a batch.', example: 'batch_7vr6bcd0s11f0c2a9b4e' }),
});

/**
 * The state of a batch on the wire.
 * @param counts its pictures that are answered.
 */
export function batchStatus(
  { status, error, cancelRequested }: JobRecord,
  { pictures }: BatchPrediction,
  counts: BatchCounts,
): WireBatch['status'] {
  if (status === 'succeeded') return 'completed';
  if (status === 'cancelled') return 'cancelled';
  if (status === 'failed') return error?.code === 'batch-expired' ? 'expired' : 'failed';
  if (cancelRequested) return 'cancelling';
  if (counts.completed + counts.failed >= pictures) return 'finalizing';
  return status === 'running' || counts.completed + counts.failed > 0 ? 'in_progress' : 'validating';
}

/**
 * Makes the wire's batch from the record.
 * @param counts its pictures that are answered.
 * @param options `evaluation`: what it found, where it judges the version and is over; `keptDays`: how long it is kept after its end.
 */
export function toWireBatch(
  record: JobRecord,
  batch: BatchPrediction,
  counts: BatchCounts = NOTHING_ANSWERED,
  {
    evaluation,
    keptDays = KEPT_DAYS,
  }: { readonly evaluation?: Evaluation | undefined; readonly keptDays?: number } = {},
): WireBatch {
  const status = batchStatus(record, batch, counts);
  const { id, finishedAt, error } = record;
  const isOver = isFinal(record.status);
  const ended = (as: WireBatch['status']) => (status === as ? finishedAt : null);
  const isPrefix = batch.source.kind === 'prefix';
  return {
    id,
    object: 'batch',
    status,
    model: record.model,
    model_version: batch.version,
    endpoint: batch.endpoint ?? `/v1/models/${record.model}/predict`,
    input_prefix: isPrefix ? batch.source.key : null,
    input_file_id: isPrefix ? null : (batch.inputFileId ?? batch.source.key),
    completion_window: batch.completionWindow,
    top_k: batch.topK,
    shards: batch.shards,
    request_counts: { total: batch.pictures, ...counts },
    output_file_id: isOver && counts.completed > 0 ? toOutputFileId(id, 'output') : null,
    error_file_id: isOver && counts.failed > 0 ? toOutputFileId(id, 'errors') : null,
    errors:
      error === null
        ? null
        : { object: 'list', data: [{ code: error.code, message: error.message, param: null, line: null }] },
    created_at: record.createdAt,
    in_progress_at: record.startedAt,
    expires_at: batch.expiresAt,
    finalizing_at: batch.finalizingAt,
    completed_at: ended('completed'),
    failed_at: ended('failed'),
    expired_at: ended('expired'),
    cancelling_at: record.cancelRequestedAt ?? null,
    cancelled_at: ended('cancelled'),
    results_expire_at: finishedAt === null ? null : finishedAt + keptDays * DAY_SECONDS,
    estimate: batch.estimate,
    spent: { ...spendingOf(record) },
    queued_reason: isOver ? null : (record.queuedReason ?? null),
    evaluation: evaluation === undefined ? null : toWire(EvaluationSchema, evaluation),
    metadata: record.metadata,
  };
}
