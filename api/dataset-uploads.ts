// Many upload links for a dataset on the wire.

import { z } from 'zod';
import { CLASS_FILE_PATTERN } from './file-name.ts';
import { count, listOf, objectKind, text, unixSeconds } from './quantities.ts';
import { MIME_TYPE } from './upload.ts';

/** Links in one request at most. */
const MOST_FILES = 1000;
const PATH_MAX_LENGTH = 800;

/** The body of `POST /v1/datasets/<name>/uploads`. */
export const CreateDatasetUploadsSchema = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          path: z.string().min(1).max(PATH_MAX_LENGTH).meta({
            description: 'The place in the dataset: `<class>/<file>`.',
            pattern: CLASS_FILE_PATTERN,
            example: 'banana/1.jpg',
          }),
          bytes: z
            .number()
            .int()
            .min(1)
            .meta({ description: 'The exact size of the picture.', example: 250_000 }),
          mime_type: z
            .string()
            .regex(MIME_TYPE, { message: 'must be image/* in lower case, or application/octet-stream' })
            .default('application/octet-stream')
            .meta({ description: 'Content-Type of the bytes.', example: 'image/jpeg' }),
        }),
      )
      .min(1)
      .max(MOST_FILES)
      .meta({ description: 'The pictures.' }),
  })
  .meta({ id: 'CreateDatasetUploads', description: 'Pictures that are to be uploaded into a dataset.' });
/** The body of `POST /v1/datasets/<name>/uploads`, as clients write it. */
export type CreateDatasetUploadsBody = z.input<typeof CreateDatasetUploadsSchema>;

/** The answer: a request for each picture. */
export const DatasetUploadsSchema = z
  .object({
    ...listOf(
      z.object({
        object: objectKind('dataset.upload'),
        path: text('The path of the request.'),
        key: text('Object key of the picture.'),
        bytes: count('The exact size of the picture.'),
        expires_at: unixSeconds('Until when the request below is taken'),
        method: z.literal('PUT').meta({ description: 'HTTP method of the request that brings the bytes.' }),
        url: z.string().meta({ description: 'URL of that request. Send it without the API key.' }),
        headers: z
          .record(z.string(), z.string())
          .meta({ description: 'Headers to send with the bytes, unchanged.' }),
      }),
      'In the order of the request.',
    ),
  })
  .meta({ id: 'DatasetUploads', description: 'The requests that bring the bytes of many pictures.' });
/** The request that brings one picture of a dataset, as clients get it. */
export type WireDatasetUpload = z.infer<typeof DatasetUploadsSchema>['data'][number];
