// Schemas that many answers share: numbers with their unit, ids and kinds with their meaning.

import { z } from 'zod';

/** A whole number of something. */
export const count = (description: string) => z.number().int().nonnegative().meta({ description });

export const unixSeconds = (description: string) =>
  z
    .number()
    .int()
    .meta({ description: `${description}, in Unix seconds.` });

/** What an answer is, as OpenAI's API tells it: constant. */
export const objectKind = <T extends string>(kind: T) =>
  z.literal(kind).meta({ description: 'What this is.' });

export const text = (description: string) => z.string().meta({ description });

/** A page or the whole of a list. */
export const listOf = <T extends z.ZodType>(item: T, description: string) => ({
  object: objectKind('list'),
  data: z.array(item).meta({ description }),
});

/** Whether there is more to ask for. */
export const hasMore = z.boolean().meta({ description: 'Whether more comes after the last entry.' });

/**
 * A schema that has an `id`, or null. A nullable component would be null wherever it is referred to.
 * @param description why it may be null.
 */
export const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  z.union([schema, z.null()]).meta({ description });

/** A whole number in a query string or a form. */
export function integerField(options: {
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly description: string;
}) {
  const { minimum, maximum, default: unsaid } = options;
  // The generator of the document sees a coerced number as anything, so what it is is said again.
  return z.coerce
    .number()
    .int()
    .min(minimum)
    .max(maximum)
    .default(unsaid)
    .meta({ type: 'integer', ...options });
}

/** A number in a query string or a form. */
export function numberField(options: Parameters<typeof integerField>[0]) {
  const { minimum, maximum, default: unsaid } = options;
  return z.coerce
    .number()
    .min(minimum)
    .max(maximum)
    .default(unsaid)
    .meta({ type: 'number', ...options });
}
