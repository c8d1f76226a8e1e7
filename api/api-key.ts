// API keys on the wire. A secret is in one answer: the one to the request that made it.

import { z } from 'zod';
import { KeyNameSchema, type KeyRecord, KeyTermsSchema } from '../core/api-key/key-record.ts';
import type { KnownKey } from '../core/api-key/known-key.ts';
import { includesScope, SCOPES } from '../core/api-key/scope.ts';
import type { FoveaError } from '../core/errors/errors.ts';
import { count, hasMore, listOf, objectKind, orNull, text, unixSeconds } from './quantities.ts';

const { scopes, expiresAt, datasets, models, requestsPerMinute, predictionsPerDay } = KeyTermsSchema.shape;
const nameField = KeyNameSchema.meta({
  description:
    'The name of the key, which the log and the audit log show. Lower-case letters, digits, "-" and "_", at most 64.',
});

/** The body of `POST /v1/keys`. */
export const CreateApiKeySchema = z
  .strictObject({
    name: nameField,
    scopes,
    expires_at: expiresAt,
    datasets,
    models,
    requests_per_minute: requestsPerMinute,
    predictions_per_day: predictionsPerDay,
  })
  .refine((key) => !key.scopes.includes('admin') || (key.datasets ?? key.models) === undefined, {
    path: ['scopes'],
    message:
      'a key with scope admin creates keys for everything, so it cannot be limited to datasets or models',
  })
  .meta({ id: 'CreateApiKey', description: 'An API key that is to be made.' });

/** The body of `POST /v1/keys`, as clients write it. */
export type CreateApiKeyBody = z.input<typeof CreateApiKeySchema>;

/** An API key as an answer. */
export const ApiKeySchema = z
  .object({
    object: objectKind('api_key'),
    name: nameField,
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'What it allows; none where it cannot be used.' }),
    created_at: unixSeconds('When it was made'),
    created_by: text('The name of the key that made it.'),
    rotated_at: orNull(unixSeconds('When'), 'When its secret was replaced last; null where it never was.'),
    expires_at: orNull(unixSeconds('When'), 'When it ends; null where it does not.'),
    datasets: orNull(z.array(z.string()), 'The datasets that it may see and change; null for all.'),
    models: orNull(z.array(z.string()), 'The models that it may use and make; null for all.'),
    predictions_per_day: orNull(
      count('A number.'),
      'Pictures that it may have predicted on one day (UTC); null for any number.',
    ),
    requests_per_minute: orNull(
      count('A number.'),
      'Requests that it may send in a minute; null for any number.',
    ),
    problem: z
      .object({ code: text('A stable code.'), message: text('What is wrong, and what to do.') })
      .nullable()
      .meta({ description: 'Why this key is refused, in lists; null where it is not.' }),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without its secret.' });
/** An API key as clients get it. */
export type WireApiKey = z.infer<typeof ApiKeySchema>;

/** The answer of `GET /v1/key`. */
export const CurrentApiKeySchema = z
  .object({
    object: objectKind('current_api_key'),
    name: orNull(
      z.string(),
      'The name of the key, or the AWS user or role that signed the request; null where the server requires no keys.',
    ),
    scopes: z.array(z.enum(SCOPES)).meta({
      description:
        'All that requests may need and this one has: a key of scope `train` has `predict`, too. All scopes where the server requires no keys.',
    }),
    ...ApiKeySchema.pick({
      expires_at: true,
      datasets: true,
      models: true,
      predictions_per_day: true,
      requests_per_minute: true,
    }).shape,
  })
  .meta({ id: 'CurrentApiKey', description: 'What the key of a request allows.' });
/** What the key of a request allows, as clients get it. */
export type WireCurrentApiKey = z.infer<typeof CurrentApiKeySchema>;

/** The answer that has a new secret. */
export const NewApiKeySchema = ApiKeySchema.extend({
  secret: text(
    'What clients send as `Authorization: Bearer SECRET`. It is shown now and never again: only its hash is kept.',
  ),
}).meta({ id: 'NewApiKey', description: 'An API key that was made, with its secret.' });
/** A new key as clients get it. */
export type WireNewApiKey = z.infer<typeof NewApiKeySchema>;

/** The answer of `GET /v1/keys`. */
export const ApiKeyListSchema = z.object({ ...listOf(ApiKeySchema, 'By name.'), has_more: hasMore }).meta({
  id: 'ApiKeyList',
  description: 'One page of the keys of the store. Those of the operator’s file or secret are not in it.',
});

/** The answer of `DELETE /v1/keys/{key}`. */
export const RevokedApiKeySchema = z
  .object({
    object: objectKind('api_key'),
    name: text('The name that the key had. Another key may have it now.'),
    deleted: z.literal(true).meta({ description: 'The key is gone.' }),
  })
  .meta({ id: 'RevokedApiKey', description: 'An API key that was revoked.' });

/** The longest time that a secret stays valid after it was replaced, in seconds: a week. */
const MAX_GRACE_SECONDS = 7 * 24 * 60 * 60;

/** The body of `POST /v1/keys/{key}/rotate`. */
export const RotateApiKeySchema = z
  .strictObject({
    grace_seconds: z
      .number()
      .int()
      .min(0)
      .max(MAX_GRACE_SECONDS)
      .default(0)
      .meta({
        description:
          'How long the present secret stays valid beside the new one, so that clients can be changed one by one. Those before it keep their ' +
          'time, so that asking again ends none. With 0, all of them end.',
      }),
  })
  .meta({ id: 'RotateApiKey', description: 'How a key gets a new secret.' });

/** The path parameter that names a key. */
export const KeyParamSchema = z.object({
  key: KeyNameSchema.meta({ description: 'The name of the key.', example: 'camera-1' }),
});

/** Makes the wire's key from its record. */
export const toWireApiKey = (record: KeyRecord): WireApiKey => ({
  object: 'api_key',
  name: record.name,
  scopes: record.scopes,
  created_at: record.createdAt,
  created_by: record.createdBy,
  rotated_at: record.rotatedAt ?? null,
  expires_at: record.expiresAt ?? null,
  datasets: record.datasets ?? null,
  models: record.models ?? null,
  requests_per_minute: record.requestsPerMinute ?? null,
  predictions_per_day: record.predictionsPerDay ?? null,
  problem: null,
});

/** Makes the wire's answer of what a request may do. @param key undefined where the server requires none. */
export const toWireCurrentApiKey = (key: KnownKey | undefined): WireCurrentApiKey => ({
  object: 'current_api_key',
  name: key?.name ?? null,
  scopes: SCOPES.filter((scope) => key === undefined || includesScope(key.scopes, scope)),
  expires_at: key?.expiresAt ?? null,
  datasets: key?.datasets === undefined ? null : [...key.datasets],
  models: key?.models === undefined ? null : [...key.models],
  predictions_per_day: key?.predictionsPerDay ?? null,
  requests_per_minute: key?.requestsPerMinute ?? null,
});

/** The entry of a key whose record cannot be read. It stays in the list, with the reason. */
export const toBrokenWireApiKey = (name: string, problem: FoveaError): WireApiKey => ({
  ...toWireApiKey({ name, scopes: [], hash: '', createdAt: 0, createdBy: '' }),
  problem: { code: problem.code, message: problem.message },
});
