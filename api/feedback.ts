// Feedback on a prediction on the wire: the picture again, with its right label.

import { z } from 'zod';
import { NAME_PATTERNS } from '../core/model/model-name.ts';
import { count, objectKind, text } from './quantities.ts';

const LABEL_MAX_LENGTH = 200;
const ID_MAX_LENGTH = 300;

/** The path of feedback. */
export const PredictionParamSchema = z.object({
  prediction_id: z
    .string()
    .max(ID_MAX_LENGTH)
    .regex(/^(pred-|batch_)[\w=-]+$/)
    .meta({
      description:
        'The `id` of a prediction. Predictions are not kept, so it is not looked up; the audit log has it.',
      example: 'pred-2f1c1f7e-3c39-4b9c-9f6e-0a3b5d6c7e8f',
    }),
});

/** The body of `POST /v1/predictions/<id>/feedback`. */
export const FeedbackSchema = z
  .strictObject({
    model: z.string().regex(new RegExp(NAME_PATTERNS.reference)).meta({
      description: 'The model that predicted, or `<model>:<version>`.',
      example: 'fruit',
    }),
    label: z.string().min(1).max(LABEL_MAX_LENGTH).meta({
      description: 'What the picture shows: a label of the model.',
      example: 'banana',
    }),
    image: z.string().optional().meta({ description: 'The picture. Base64, or a data URL.' }),
    image_key: z.string().optional().meta({
      description: 'Instead of `image`: the `key` of an upload that has not expired.',
    }),
    consent: z.literal(true).meta({
      description:
        '`true`: whoever the picture belongs to agrees that it is kept and that models are trained on it.',
    }),
  })
  .refine(({ image, image_key: key }) => (image === undefined) !== (key === undefined), {
    message: 'send one of "image" and "image_key"',
  })
  .meta({ id: 'Feedback', description: 'A picture that was predicted, with its right label.' });
/** Feedback as clients write it. */
export type FeedbackBody = z.input<typeof FeedbackSchema>;

/** The answer to feedback. */
export const KeptFeedbackSchema = z
  .object({
    object: objectKind('prediction.feedback'),
    prediction: text('The id of the prediction.'),
    model: text('Name of the model.'),
    label: text('The right label.'),
    dataset: text('The dataset that has the picture now.'),
    path: text('Its path below the dataset.'),
    size_bytes: count('Bytes of the picture, as it is kept.'),
    kept_days: z.number().int().nullable().meta({
      description:
        'Days after which the picture is deleted; null where it is kept until somebody deletes it.',
    }),
    created: z.boolean().meta({ description: 'Whether it was not there before.' }),
  })
  .meta({ id: 'KeptFeedback', description: 'Where the picture is kept.' });
/** The answer to feedback as clients get it. */
export type WireKeptFeedback = z.infer<typeof KeptFeedbackSchema>;
