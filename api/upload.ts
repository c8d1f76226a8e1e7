// Uploads on the wire: OpenAI's names for what is uploaded, and the request that uploads it in one go.

import { z } from 'zod';

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
      .meta({ example: 'image/jpeg' }),
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
  .meta({ id: 'CreateUpload' });

export const UploadSchema = z
  .object({
    id: z.string(),
    object: z.literal('upload'),
    bytes: z.number().int(),
    created_at: z.number().int(),
    expires_at: z.number().int().meta({ description: 'Until when the request below is taken.' }),
    filename: z.string().nullable(),
    purpose: z.enum(['vision', 'fine-tune']),
    status: z.literal('pending'),
    key: z.string().meta({ description: 'For `vision`, what to predict as `image_key`. It stays a day.' }),
    method: z.literal('PUT'),
    url: z.string().meta({ description: 'Where the bytes go, without the API key.' }),
    headers: z
      .record(z.string(), z.string())
      .meta({ description: 'To be sent with the bytes, as they are.' }),
  })
  .meta({ id: 'Upload' });

export const ReceivedUploadSchema = z
  .object({ object: z.literal('upload.received'), key: z.string(), bytes: z.number().int() })
  .meta({ id: 'ReceivedUpload' });
