// What is kept of a file that a client has sent. Knows nothing of its content.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { FILE_DAYS } from '../storage/keys.ts';

/** What files are for: a batch prediction, a dataset, or whatever a client keeps. */
export const FILE_PURPOSES = ['batch', 'fine-tune', 'vision', 'user_data'] as const;
/** One of {@link FILE_PURPOSES}. */
export type FilePurpose = (typeof FILE_PURPOSES)[number];

/** How long a file with an end may be kept, in seconds. */
export const FILE_SECONDS = { least: 3600, most: FILE_DAYS * 24 * 60 * 60 } as const;

/** The record of a file. The file of the purpose `fine-tune` has a dataset of the name of its id. */
export const FileRecordSchema = z.object({
  id: z.string(),
  purpose: z.enum(FILE_PURPOSES),
  /** As the client calls it. */
  filename: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  /** Unix seconds; null where it has no end. */
  expiresAt: z.number().int().nullable(),
  /** What was left out of it, in a sentence. */
  statusDetails: z.string().optional(),
  /** Name of the API key that sent it; absent where the server requires none. */
  createdBy: z.string().optional(),
});
/** One of {@link FileRecordSchema}. */
export type FileRecord = z.infer<typeof FileRecordSchema>;

/** Its stored format. */
export const FILE_RECORD = { ...FORMATS.file, schema: FileRecordSchema };
