// How routes describe a JSON body that their handlers read themselves, within their limits.

import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { AppEnv } from '../deps/deps.ts';

/** A body described by the schema of this name, which {@link describeBody} brings into the document. */
export const jsonBody = (id: string) => ({
  required: true,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${id}` } } },
});

/**
 * Adds a schema to the document under its `id`, as what may be sent: what has a default may be left out.
 * @param schema holds no other schema that has an `id`.
 * @param bounds what this installation's limits add to a property.
 */
export function describeBody(
  routes: OpenAPIHono<AppEnv>,
  schema: z.ZodType,
  bounds: Readonly<Record<string, object>> = {},
): void {
  const id = schema.meta()?.id ?? '';
  const { $defs } = z.toJSONSchema(schema, { io: 'input', override: dropSafeRange });
  const described = $defs?.[id];
  if (described === undefined || Object.keys($defs ?? {}).length > 1)
    throw new TypeError(`The body "${id}" must have an id, and nothing in it another.`);
  for (const [name, bound] of Object.entries(bounds))
    Object.assign(described.properties?.[name] ?? {}, bound);
  // Both are JSON Schema 2020-12, typed by two packages.
  routes.openAPIRegistry.registerComponent('schemas', id, described as object);
}

/** That an integer is one that a float64 holds exactly goes without saying. */
function dropSafeRange({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
