// Schemas that many answers share: numbers with their unit, ids and kinds with their meaning.

import { z } from 'zod';

/** A schema of a whole number, at least 0. */
export const count = (description: string) => z.number().int().nonnegative().meta({ description });

/**
 * A schema of a point in time, in whole Unix seconds.
 * @param description what happens then, without a full stop.
 */
export const unixSeconds = (description: string) =>
  z
    .number()
    .int()
    .meta({ description: `${description}, in Unix seconds.` });

/** A schema of the constant that tells what an answer is, as in OpenAI's API. */
export const objectKind = <T extends string>(kind: T) =>
  z.literal(kind).meta({ description: 'What this is.' });

/** A schema of any text. */
export const text = (description: string) => z.string().meta({ description });
/** The sha256 of something, in a request. */
export const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');

/** The fields of a list: one page of it, or all entries. */
export const listOf = <T extends z.ZodType>(item: T, description: string) => ({
  object: objectKind('list'),
  data: z.array(item).meta({ description }),
});

/** A schema of the field that tells whether another page follows. */
export const hasMore = z.boolean().meta({ description: 'Whether more comes after the last entry.' });

/**
 * A schema of a value or null. A `nullable()` schema with an `id` would be null wherever the OpenAPI document refers to it.
 * @param description what the field is, and when it is null.
 */
export const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  z.union([schema, z.null()]).meta({ description });

/** A schema of a whole number in a query string or a form, where all values are text. */
export function integerField(options: {
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly description: string;
}) {
  const { minimum, maximum, default: unsaid } = options;
  // The generator of the document takes a coerced number for anything, so its type is said again.
  return z.coerce
    .number()
    .int()
    .min(minimum)
    .max(maximum)
    .default(unsaid)
    .meta({ type: 'integer', ...options });
}

/** A schema of a number in a query string or a form, where all values are text. */
export function numberField(options: Parameters<typeof integerField>[0]) {
  const { minimum, maximum, default: unsaid } = options;
  return z.coerce
    .number()
    .min(minimum)
    .max(maximum)
    .default(unsaid)
    .meta({ type: 'number', ...options });
}
