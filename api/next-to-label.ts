// The pictures of a batch in the order in which to label them, on the wire.

import { z } from 'zod';
import type { OrderedPictures, PictureToLabel } from '../core/batch-prediction/order-to-label.ts';
import { PageQuerySchema } from './pagination.ts';
import { PredictionSchema } from './prediction.ts';
import { count, hasMore, listOf, objectKind, text } from './quantities.ts';

/** The query of `GET /v1/batches/{batch_id}/next-to-label`. */
export const NextToLabelQuerySchema = PageQuerySchema.extend({
  after: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,6})$/, 'must be the index of an entry of an earlier page')
    .optional()
    .meta({ description: 'The `index` of the last entry of the page before; this page begins after it.' }),
});

const { label, score, rejected, predictions } = PredictionSchema.shape;

/** A picture that is to be labeled. */
export const PictureToLabelSchema = z
  .object({
    object: objectKind('picture_to_label'),
    index: count('Number of the picture in the batch, from 0.'),
    key: text('Key of the picture in the store.'),
    custom_id: z
      .string()
      .nullable()
      .meta({ description: 'The name that the batch’s list gave it; null where it gave none.' }),
    uncertainty: z.number().meta({ description: '1 - (p1 - p2) of the two likeliest labels, 0 to 1.' }),
    label,
    score,
    rejected,
    predictions,
    looks_like: z.string().nullable().meta({
      description:
        'Key of a picture further up that looks the same; null where none is known. Such pictures come last.',
    }),
  })
  .meta({ id: 'PictureToLabel', description: 'A picture with the model’s answer.' });

/** The answer of `GET /v1/batches/{batch_id}/next-to-label`. */
export const NextToLabelSchema = z
  .object({
    ...listOf(PictureToLabelSchema, 'What the model is least sure of comes first.'),
    has_more: hasMore,
    measure: z
      .literal('margin')
      .meta({ description: 'What the order goes by: the margin between the two likeliest labels.' }),
    model: text('Name of the model.'),
    model_version: text('Version of the model.'),
    request_counts: z
      .object({
        completed: count('Pictures that are ordered.'),
        failed: count('Pictures that have an error.'),
      })
      .meta({ description: 'The pictures of the batch.' }),
  })
  .meta({ id: 'NextToLabel', description: 'One page of pictures in the order in which to label them.' });

/** Makes the wire's picture. */
export const toWirePictureToLabel = (picture: PictureToLabel): z.output<typeof PictureToLabelSchema> => ({
  object: 'picture_to_label',
  index: picture.index,
  key: picture.key,
  custom_id: picture.customId,
  uncertainty: picture.uncertainty,
  label: picture.predictions[0]?.label ?? null,
  score: picture.predictions[0]?.score ?? 0,
  rejected: picture.isRejected,
  predictions: [...picture.predictions],
  looks_like: picture.looksLike,
});

/** Makes the numbers of pictures with an answer and with an error. */
export const toWireCounts = ({ pictures, failed }: OrderedPictures) => ({
  completed: pictures.length,
  failed,
});
