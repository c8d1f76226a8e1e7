// Paging as OpenAI does it: `after` an id, at most `limit`, `has_more`.

import { z } from 'zod';
import { hasMore, integerField, listOf } from './quantities.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** The query parameters of a list whose entries have ids that the server made. */
export const PageQuerySchema = z.strictObject({
  after: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be an id from an earlier page')
    .optional()
    .meta({ description: 'The id of the last entry of the page before; this page begins after it.' }),
  limit: integerField({
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: 'How many entries to give at most.',
  }),
});

const DEFAULT_NAMES = 100;
const MAX_NAMES = 1000;

/** The query parameters of a list whose entries have names that people gave, such as models. */
export const NamePageQuerySchema = z.strictObject({
  after: z
    .string()
    .max(255)
    .regex(/^[ -.0-\uffff]+$/, 'must be a name from an earlier page')
    .optional()
    .meta({ description: 'The name of the last entry of the page before; this page begins after it.' }),
  limit: integerField({
    minimum: 1,
    maximum: MAX_NAMES,
    default: DEFAULT_NAMES,
    description: 'How many entries to give at most.',
  }),
});

/** The fields of a page that names its first and its last entry, as OpenAI's newer lists do. */
export const idPageOf = <T extends z.ZodType>(item: T, description: string) => ({
  ...listOf(item, description),
  first_id: z.string().nullable().meta({ description: 'The id of the first entry; null without entries.' }),
  last_id: z.string().nullable().meta({ description: 'The id of the last entry; null without entries.' }),
  has_more: hasMore,
});

/** A page as {@link idPageOf} describes it. */
export const toIdPage = <T extends { readonly id: string }>(data: T[], more: boolean) => ({
  object: 'list' as const,
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: more,
});
