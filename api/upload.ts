// Uploads on the wire: OpenAI's names for what is uploaded, and the request that uploads it in one go.

import { z } from 'zod';
import { count, objectKind, text, unixSeconds } from './quantities.ts';

const MIME_TYPE = /^(image\/[a-z0-9.+-]{1,60}|application\/octet-stream)$/;
const FILENAME_MAX_LENGTH = 800;

export const CreateUploadSchema = z
  .strictObject({
    bytes: z
      .number()
      .int()
      .min(1)
      .meta({ description: 'The exact size of the picture.', example: 6_500_000 }),
    mime_type: z
      .string()
      .regex(MIME_TYPE, { message: 'must be image/* in lower case, or application/octet-stream' })
      .default('application/octet-stream')
      .meta({ description: 'Content-Type of the bytes.', example: 'image/jpeg' }),
    purpose: z.enum(['vision', 'fine-tune']).default('vision').meta({
      description: '`vision`: to be predicted, by its `key`. `fine-tune`: a picture of a dataset.',
    }),
    filename: z.string().min(1).max(FILENAME_MAX_LENGTH).optional().meta({
      description: 'For `fine-tune`, where in which dataset: `<dataset>/<class>/<file>`.',
      example: 'fruit/banana/1.jpg',
    }),
  })
  .refine(({ purpose, filename }) => purpose === 'vision' || filename !== undefined, {
    path: ['filename'],
    message: 'is needed for the purpose "fine-tune": <dataset>/<class>/<file>',
  })
  .meta({ id: 'CreateUpload', description: 'A picture that is to be uploaded.' });

export const UploadSchema = z
  .object({
    id: text('Of the upload.'),
    object: objectKind('upload'),
    bytes: count('The exact size of the picture.'),
    created_at: unixSeconds('When the link was made'),
    expires_at: unixSeconds('Until when the request below is taken'),
    filename: z.string().nullable().meta({ description: 'As it was asked for; null where it was not.' }),
    purpose: z.enum(['vision', 'fine-tune']).meta({ description: 'As it was asked for.' }),
    status: z.literal('pending').meta({ description: 'The bytes are still to come.' }),
    key: z.string().meta({ description: 'For `vision`, what to predict as `image_key`. It stays a day.' }),
    method: z.literal('PUT').meta({ description: 'Of the request that brings the bytes.' }),
    url: z.string().meta({ description: 'Where the bytes go, without the API key.' }),
    headers: z
      .record(z.string(), z.string())
      .meta({ description: 'To be sent with the bytes, as they are.' }),
  })
  .meta({ id: 'Upload', description: 'The request that brings the bytes of a picture.' });

export const ReceivedUploadSchema = z
  .object({
    object: objectKind('upload.received'),
    key: text('Object key of the picture.'),
    bytes: count('Bytes that were stored.'),
  })
  .meta({ id: 'ReceivedUpload', description: 'A picture that was uploaded.' });
