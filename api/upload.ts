// Uploads on the wire: OpenAI's names for what is uploaded, and the request that uploads it in one go.

import { z } from 'zod';
import { count, objectKind, text, unixSeconds } from './quantities.ts';

/** Content types that uploads may have. */
export const MIME_TYPE = /^(image\/[a-z0-9.+-]{1,60}|application\/(octet-stream|zip))$/;
const PURPOSES = ['vision', 'fine-tune', 'model'] as const;
const FILENAME_MAX_LENGTH = 800;

/** The body of `POST /v1/uploads`. Unknown fields are refused. */
export const CreateUploadSchema = z
  .strictObject({
    bytes: z
      .number()
      .int()
      .min(1)
      .meta({ description: 'The exact size of the picture.', example: 6_500_000 }),
    mime_type: z
      .string()
      .regex(MIME_TYPE, {
        message: 'must be image/* in lower case, application/octet-stream or application/zip',
      })
      .default('application/octet-stream')
      .meta({ description: 'Content-Type of the bytes.', example: 'image/jpeg' }),
    purpose: z
      .enum(PURPOSES)
      .default('vision')
      .meta({
        description:
          'What it is for. `vision`: a prediction, which names its `key`. `fine-tune`: a picture of a dataset. `model`: a model to import ' +
          '(`POST /v1/models`), which is no picture.',
      }),
    filename: z.string().min(1).max(FILENAME_MAX_LENGTH).optional().meta({
      description: 'For `fine-tune`, the place in a dataset: `<dataset>/<class>/<file>`.',
      example: 'fruit/banana/1.jpg',
    }),
  })
  .refine(({ purpose, filename }) => purpose !== 'fine-tune' || filename !== undefined, {
    path: ['filename'],
    message: 'is needed for the purpose "fine-tune": <dataset>/<class>/<file>',
  })
  .meta({ id: 'CreateUpload', description: 'A picture that is to be uploaded.' });

/** The answer of `POST /v1/uploads`. */
export const UploadSchema = z
  .object({
    id: text('The id of the upload.'),
    object: objectKind('upload'),
    bytes: count('The exact size of the picture.'),
    created_at: unixSeconds('When the link was made'),
    expires_at: unixSeconds('Until when the request below is taken'),
    filename: z
      .string()
      .nullable()
      .meta({ description: 'The `filename` of the request; null where it had none.' }),
    purpose: z.enum(PURPOSES).meta({ description: 'The `purpose` of the request.' }),
    status: z.literal('pending').meta({ description: 'The server waits for the bytes.' }),
    key: z.string().meta({
      description:
        'Object key of the picture; for `vision`, the `image_key` of a prediction, for `model` the `file` of an import. It is kept for a day.',
    }),
    method: z.literal('PUT').meta({ description: 'HTTP method of the request that brings the bytes.' }),
    url: z.string().meta({ description: 'URL of that request. Send it without the API key.' }),
    headers: z
      .record(z.string(), z.string())
      .meta({ description: 'Headers to send with the bytes, unchanged.' }),
  })
  .meta({ id: 'Upload', description: 'The request that brings the bytes of a picture.' });

/** The answer to the bytes of an upload, where the project's own server takes them. */
export const ReceivedUploadSchema = z
  .object({
    object: objectKind('upload.received'),
    key: text('Object key of the picture.'),
    bytes: count('Bytes that were stored.'),
  })
  .meta({ id: 'ReceivedUpload', description: 'A picture that was uploaded.' });
