// Uploads on the wire: OpenAI's names for what is uploaded, and the request that uploads it in one go.

import { z } from 'zod';
import type { FileRecord } from '../core/file/file-record.ts';
import { FILE_PURPOSES } from '../core/file/file-record.ts';
import type { PartUpload } from '../core/file/part-uploads.ts';
import { ExpiresAfterSchema, FileSchema, toWireFile } from './file.ts';
import { count, objectKind, orNull, text, unixSeconds } from './quantities.ts';

/** Content types that links may be for. */
export const MIME_TYPE = /^(image\/[a-z0-9.+-]{1,60}|application\/(octet-stream|zip))$/;
const PURPOSES = ['vision', 'fine-tune', 'model'] as const;
const MIME_TYPE_MAX_LENGTH = 200;
const MOST_PARTS = 1000;
const DEFAULT_MIME_TYPE = 'application/octet-stream';
const FILENAME_MAX_LENGTH = 800;

const CreateUploadShape = z.strictObject({
  bytes: z.number().int().min(1).meta({ description: 'The exact size of the file.', example: 6_500_000 }),
  mime_type: z
    .string()
    .max(MIME_TYPE_MAX_LENGTH)
    .optional()
    .meta({
      description: `Content-Type of the bytes; \`${DEFAULT_MIME_TYPE}\` by default. OpenAI’s clients always name one.`,
      example: 'image/jpeg',
    }),
  purpose: z
    .enum([...PURPOSES, 'batch', 'user_data'])
    .default('vision')
    .meta({
      description:
        'What it is for. `vision`: a prediction, which names its `key`. `fine-tune`: a picture of a dataset. `model`: a model to import ' +
        '(`POST /v1/models`), which is no picture. `batch` and `user_data` are files in parts, and so are `vision` and `fine-tune` with `mime_type` ' +
        'and a `filename` without a folder.',
    }),
  filename: z.string().min(1).max(FILENAME_MAX_LENGTH).optional().meta({
    description:
      'For a picture of a dataset its place, `<dataset>/<class>/<file>`. For a file in parts its name.',
    example: 'fruit/banana/1.jpg',
  }),
  expires_after: ExpiresAfterSchema,
});
type UploadRequest = z.infer<typeof CreateUploadShape>;

/**
 * Whether a request begins a file in parts, as OpenAI’s clients do it, and asks for no link: they name all fields, and no place in a
 * dataset.
 */
export const isInParts = ({ purpose, filename, mime_type: mimeType }: UploadRequest): boolean =>
  purpose === 'batch' ||
  purpose === 'user_data' ||
  (purpose !== 'model' && mimeType !== undefined && filename !== undefined && !filename.includes('/'));

/** The body of `POST /v1/uploads`. Unknown fields are refused. */
export const CreateUploadSchema = CreateUploadShape.refine(
  ({ purpose, filename }) => purpose !== 'fine-tune' || filename !== undefined,
  {
    path: ['filename'],
    message: 'is needed for the purpose "fine-tune": <dataset>/<class>/<file>',
  },
)
  .refine((request) => !isInParts(request) || request.filename !== undefined, {
    path: ['filename'],
    message: 'is needed for a file in parts',
  })
  .refine((request) => isInParts(request) || MIME_TYPE.test(request.mime_type ?? DEFAULT_MIME_TYPE), {
    path: ['mime_type'],
    message: 'must be image/* in lower case, application/octet-stream or application/zip',
  })
  .refine((request) => isInParts(request) || request.expires_after === undefined, {
    path: ['expires_after'],
    message: 'is for files in parts; what a link brings is kept for a day',
  })
  .meta({ id: 'CreateUpload', description: 'A file that is to be uploaded.' });
/** The body of `POST /v1/uploads`, as clients write it. */
export type CreateUploadBody = z.input<typeof CreateUploadSchema>;

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
/** An upload as clients get it. */
export type WireUpload = z.infer<typeof UploadSchema>;

/** The answer to the bytes of an upload, where the project's own server takes them. */
export const ReceivedUploadSchema = z
  .object({
    object: objectKind('upload.received'),
    key: text('Object key of the picture.'),
    bytes: count('Bytes that were stored.'),
  })
  .meta({ id: 'ReceivedUpload', description: 'A picture that was uploaded.' });

/** A file that is sent in parts, as OpenAI’s clients know it. */
export const PartUploadSchema = z
  .object({
    id: text('The id of the upload.'),
    object: objectKind('upload'),
    bytes: count('The exact size of the file.'),
    created_at: unixSeconds('When it was begun'),
    expires_at: unixSeconds('Until when parts are taken'),
    filename: text('The name of the file.'),
    purpose: z.enum(FILE_PURPOSES).meta({ description: 'What the file is for.' }),
    status: z
      .enum(['pending', 'completed', 'cancelled', 'expired'])
      .meta({ description: '`pending`: the server waits for parts.' }),
    file: orNull(FileSchema, 'The file that was made of it; null before the end, and where it was deleted.'),
  })
  .meta({ id: 'PartUpload', description: 'A file that is sent in parts.' });

/** The form of `POST /v1/uploads/{upload_id}/parts`. */
export const CreateUploadPartSchema = z
  .strictObject({ data: z.string().meta({ format: 'binary', description: 'The bytes.' }) })
  .meta({ id: 'CreateUploadPart', description: 'A part of a file.' });

/** The answer to a part. */
export const UploadPartSchema = z
  .object({
    id: text('The id of the part.'),
    object: objectKind('upload.part'),
    created_at: unixSeconds('When it was stored'),
    upload_id: text('The upload that it is of.'),
  })
  .meta({ id: 'UploadPart', description: 'A part that was stored.' });

/** The body of `POST /v1/uploads/{upload_id}/complete`. Unknown fields are refused. */
export const CompleteUploadSchema = z
  .strictObject({
    part_ids: z
      .array(z.string().regex(/^part_[0-9a-f]{32}$/, 'must be the id of a part'))
      .min(1)
      .max(MOST_PARTS)
      .meta({ description: 'The parts, in the order of the file.' }),
    md5: z
      .string()
      .regex(/^[0-9a-fA-F]{32}$/, 'must be 32 hexadecimal digits')
      .nullish()
      .meta({ description: 'MD5 of the whole file, which is then checked.' }),
  })
  .meta({ id: 'CompleteUpload', description: 'The parts that make up the file.' });

/** The path parameters of the routes of one upload in parts. */
export const PartUploadIdSchema = z.object({
  upload_id: z.string().max(64).meta({
    description: 'The id of an upload in parts.',
    example: 'upload-3f0c2a9b-4e7d-4c1f-8a9b-8c0d1e2f3a4b',
  }),
});

/**
 * Makes the wire's upload of the record.
 * @param isExpired whether it is too late for parts.
 * @param file that was made of it.
 */
export const toWirePartUpload = (
  { id, bytes, createdAt, expiresAt, filename, purpose, status }: PartUpload,
  isExpired: boolean,
  file: FileRecord | undefined,
): z.infer<typeof PartUploadSchema> => ({
  id,
  object: 'upload',
  bytes,
  created_at: createdAt,
  expires_at: expiresAt,
  filename,
  purpose,
  status: status === 'pending' && isExpired ? 'expired' : status,
  file: file === undefined ? null : toWireFile(file),
});
