// The stored record of an API key: what it allows, and the hash of its secret.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { SCOPES } from './scope.ts';

/** What the name of a key looks like, as a regular expression. It is a key of the store and a part of the secret. */
export const KEY_NAME_PATTERN = '[a-z0-9][a-z0-9_-]{0,63}';

/** A text that fits {@link KEY_NAME_PATTERN}. */
export const KeyNameSchema = z.string().regex(new RegExp(`^${KEY_NAME_PATTERN}$`), {
  message: 'must begin with a lower-case letter or a digit, and have at most 64 of these, "-" and "_"',
});

const MAX_NAMES = 100;
/** Names, or beginnings of names that end in `*`. */
const NamesSchema = z
  .array(
    z
      .string()
      .regex(/^[^*]{0,255}\*?$/, { message: 'may have "*" at its end alone' })
      .min(1)
      .max(255),
  )
  .min(1)
  .max(MAX_NAMES);

/** What a key allows and how long: all that its creator decides, save for its name. */
export const KeyTermsSchema = z.object({
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .max(SCOPES.length)
    .describe(
      'What the key allows: `predict`, to ask models; `train`, also to work with datasets, jobs and models; `admin`, also to delete datasets, ' +
        'their files and models, to rename datasets and models, keys, webhooks, the audit log and usage.',
    ),
  expiresAt: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('When the key ends, in Unix seconds; without it, never.'),
  datasets: NamesSchema.optional().describe(
    'The datasets that the key may see and change: names, or their beginnings with `*` at the end. Without it, all.',
  ),
  models: NamesSchema.optional().describe(
    'The models that the key may use and make: names, or their beginnings with `*` at the end. Without it, all.',
  ),
  requestsPerMinute: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Requests that the key may send in a minute; as many at once. Without it, any number.'),
  predictionsPerDay: z
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('Pictures that the key may have predicted on one day (UTC). Without it, any number.'),
});
/** What a key allows, and how long. */
export type KeyTerms = z.infer<typeof KeyTermsSchema>;

const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const FormerSecretSchema = z.object({ hash: Sha256Schema, validUntil: z.number().int() });

/** What the store keeps of a key: its terms, who made it, and hashes of its secrets. */
export const KeyRecordSchema = KeyTermsSchema.extend({
  name: KeyNameSchema,
  /** The SHA-256 of the secret, in hexadecimal digits. */
  hash: Sha256Schema,
  /** Unix seconds. */
  createdAt: z.number().int(),
  /** Name of the key that created it. */
  createdBy: z.string(),
  /** When the secret was last replaced, in Unix seconds. */
  rotatedAt: z.number().int().optional(),
  /** The secret before, which is valid for a while. */
  previous: FormerSecretSchema.optional(),
  /** Those before it that are valid for a while, too, newest first. */
  older: z.array(FormerSecretSchema).optional(),
});
/** One of {@link KeyRecordSchema}. */
export type KeyRecord = z.infer<typeof KeyRecordSchema>;

/** The format of the record. */
export const KEY_RECORD = { ...FORMATS.apiKey, schema: KeyRecordSchema };
