// The checkpoints of a job on the wire, in the shape of OpenAI's.

import { z } from 'zod';
import type { CheckpointEntry } from '../core/job/checkpoints/list-checkpoints.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import { JobIdSchema } from './job-id.ts';
import { idPageOf } from './pagination.ts';
import { count, objectKind, text, unixSeconds } from './quantities.ts';

const PREFIX = 'ftckpt-';

/** The path parameters of the routes of one checkpoint. */
export const CheckpointParamSchema = JobIdSchema.extend({
  checkpoint: z
    .string()
    .max(32)
    .regex(/^ftckpt-\d{1,9}$/, 'must be the id of a checkpoint, such as "ftckpt-3"')
    .meta({ description: 'The id of a checkpoint of the job.', example: 'ftckpt-3' }),
});

/** The number in the id of a checkpoint. */
export const toCheckpointSequence = (id: string): number => Number(id.slice(PREFIX.length));

const measure = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description}; null where that is not known.` });

/** A checkpoint as clients get it. */
export const CheckpointSchema = z
  .object({
    id: text('The id of the checkpoint among those of the job.'),
    object: objectKind('fine_tuning.job.checkpoint'),
    created_at: unixSeconds('When it was written'),
    fine_tuning_job_id: text('The job.'),
    fine_tuned_model_checkpoint: text(
      'A name for it, which OpenAI’s SDKs require. `POST …/checkpoints/{checkpoint}/model` makes a model of it.',
    ),
    step_number: count('Optimizer steps until the last finished epoch.'),
    stage: text('The run of the job that it is of, e.g. `full`.'),
    epoch: count('The epoch that ran, from 1.'),
    size_bytes: count('Its size in bytes.'),
    metrics: z
      .object({
        step: count('Optimizer steps.'),
        train_loss: measure('Cross-entropy on the pictures trained on, in nats'),
        train_accuracy: measure('Accuracy on them, 0 to 1'),
        valid_loss: measure('Cross-entropy on validation pictures, in nats'),
        valid_accuracy: measure('Accuracy on them, 0 to 1'),
      })
      .meta({ description: 'Of the last finished epoch.' }),
  })
  .meta({ id: 'FineTuningJobCheckpoint', description: 'A state of training that can be made a model.' });

/** The answer of `GET /v1/fine_tuning/jobs/<id>/checkpoints`. */
export const CheckpointListSchema = z
  .object(idPageOf(CheckpointSchema, 'Newest first.'))
  .meta({ id: 'FineTuningJobCheckpointList', description: 'The checkpoints of a job that are kept.' });

/** Makes the wire's checkpoint of an entry. */
export function toWireCheckpoint(
  { id, model }: Pick<JobRecord, 'id' | 'model'>,
  { sequence, createdAt, stage, epoch, sizeBytes, last }: CheckpointEntry,
): z.infer<typeof CheckpointSchema> {
  const step = last?.step ?? 0;
  return {
    id: `${PREFIX}${sequence}`,
    object: 'fine_tuning.job.checkpoint',
    created_at: createdAt,
    fine_tuning_job_id: id,
    fine_tuned_model_checkpoint: `${model}:ckpt-step-${step}`,
    step_number: step,
    stage,
    epoch,
    size_bytes: sizeBytes,
    metrics: {
      step,
      train_loss: last?.trainLoss ?? null,
      train_accuracy: last?.trainAccuracy ?? null,
      valid_loss: last?.validationLoss ?? null,
      valid_accuracy: last?.validationAccuracy ?? null,
    },
  };
}
