// Files on the wire, in the shape of OpenAI's.

import { z } from 'zod';
import { FILE_PURPOSES, FILE_SECONDS, type FileRecord } from '../core/file/file-record.ts';
import { alsoHeldBy } from './dataset-files.ts';
import { idPageOf } from './pagination.ts';
import { count, integerField, objectKind, text, unixSeconds } from './quantities.ts';

/** As OpenAI limits it. */
const MOST_FILES = 10_000;
const FILE_ID_MAX_LENGTH = 80;

const purposeOf = <T extends readonly [string, ...string[]]>(purposes: T) =>
  z.enum(purposes).meta({
    description:
      '`batch`: a JSONL file, which `POST /v1/batches` takes. `fine-tune`: an archive (`.zip`, `.tar.gz`) with a folder of pictures for each ' +
      'class, or JSONL of OpenAI’s vision fine-tuning; its pictures become a dataset of the name of the file’s id. `vision`, `user_data`: kept as ' +
      'it is.',
  });

/** The part of a request that says when the file is deleted. */
export const ExpiresAfterSchema = z
  .strictObject({
    anchor: z.literal('created_at').meta({ description: 'From when the seconds count.' }),
    seconds: z
      .number()
      .int()
      .min(FILE_SECONDS.least)
      .max(FILE_SECONDS.most)
      .meta({ description: 'Seconds after which the file is gone.' }),
  })
  .optional()
  .meta({
    description:
      'When the file is deleted. By default one for a batch goes after 30 days, and others stay. Not for `fine-tune`.',
  });

/** The form of `POST /v1/files`. */
export const CreateFileSchema = z
  .strictObject({
    file: z.string().meta({ format: 'binary', description: 'The file, with its name.' }),
    purpose: purposeOf(FILE_PURPOSES),
    'expires_after[anchor]': z
      .literal('created_at')
      .optional()
      .meta({ description: 'From when the seconds count.' }),
    'expires_after[seconds]': z.coerce
      .number()
      .int()
      .min(FILE_SECONDS.least)
      .max(FILE_SECONDS.most)
      .optional()
      .meta({
        type: 'integer',
        description:
          'Seconds after which the file is gone. By default one for a batch goes after 30 days, and others stay. Not for `fine-tune`.',
      }),
  })
  .meta({ id: 'CreateFile', description: 'A file that is to be kept.' });

/** A file as every route answers it. */
export const FileSchema = z
  .object({
    id: text('The id of the file.'),
    object: objectKind('file'),
    bytes: count('Its size in bytes.'),
    created_at: unixSeconds('When it was made'),
    expires_at: unixSeconds('When it is deleted').optional(),
    filename: text('The name that it was sent with.'),
    purpose: purposeOf([...FILE_PURPOSES, 'batch_output']),
    status: z.enum(['processed']).meta({ description: 'A file that is there can be used.' }),
    status_details: z
      .string()
      .optional()
      .meta({ description: 'What was left out of the dataset, where something was.' }),
  })
  .meta({ id: 'File', description: 'A file that a client has sent, or that a batch has made.' });
/** A file as clients get it. */
export type WireFile = z.infer<typeof FileSchema>;

/** The answer of `GET /v1/files`. */
export const FileListSchema = z
  .object(idPageOf(FileSchema, 'In the order of the request.'))
  .meta({ id: 'FileList', description: 'One page of files.' });

/** The query of `GET /v1/files`. */
export const FileQuerySchema = z.strictObject({
  after: z
    .string()
    .max(FILE_ID_MAX_LENGTH)
    .regex(/^file-[0-9a-z]+$/, 'must be an id from an earlier page')
    .optional()
    .meta({ description: 'The id of the last file of the page before; this page begins after it.' }),
  limit: integerField({
    minimum: 1,
    maximum: MOST_FILES,
    default: MOST_FILES,
    description: 'How many files to give at most.',
  }),
  order: z
    .enum(['asc', 'desc'])
    .default('desc')
    .meta({ description: 'By the time when they were made; `desc` has the newest first.' }),
  purpose: z.string().max(64).optional().meta({ description: 'Only files of this purpose.' }),
});

/** The path parameters of the routes of one file. */
export const FileIdSchema = z.object({
  file_id: z.string().max(FILE_ID_MAX_LENGTH).meta({
    description: 'The id of a file, or of one that a batch has made.',
    example: 'file-k7vr6bcd0s11f0c2a9b4e7d3c1f0a9b8c',
  }),
});

/** The answer of `DELETE /v1/files/{file_id}`. */
export const DeletedFileSchema = z
  .object({
    id: text('The id of the file.'),
    object: objectKind('file'),
    deleted: z.literal(true).meta({ description: 'It is gone; with one for fine-tuning, its dataset.' }),
    also_held_by: alsoHeldBy.optional(),
  })
  .meta({ id: 'DeletedFile', description: 'A file that was deleted.' });

/** Makes the wire's file of the record. */
export const toWireFile = ({
  id,
  bytes,
  createdAt,
  expiresAt,
  filename,
  purpose,
  statusDetails,
}: FileRecord): WireFile => ({
  id,
  object: 'file',
  bytes,
  created_at: createdAt,
  ...(expiresAt === null ? {} : { expires_at: expiresAt }),
  filename,
  purpose,
  status: 'processed',
  ...(statusDetails === undefined ? {} : { status_details: statusDetails }),
});
