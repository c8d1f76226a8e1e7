// How routes describe a JSON body that their handlers read themselves, within their limits.

import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { present } from '../../core/present.ts';
import type { AppEnv } from '../deps/deps.ts';

/** A body described by the schema of this name, which {@link describeBody} adds to the document. */
export const jsonBody = (id: string) => ({
  required: true,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${id}` } } },
});

/**
 * Adds a schema to the document under its `id`, as it may be sent: properties with a default are optional.
 * @param schema contains no other schema that has an `id`.
 * @param bounds constraints that this installation's limits add, by property, e.g. `files.bytes` for one of the items of `files`.
 * @throws {TypeError} where the schema has no `id`, or contains another that has one.
 */
export function describeBody(
  routes: OpenAPIHono<AppEnv>,
  schema: z.ZodType,
  bounds: Readonly<Record<string, object>> = {},
): void {
  const id = present(schema.meta()?.id, 'an id of the schema of a body');
  const { $defs } = z.toJSONSchema(schema, { io: 'input', override: dropSafeRange });
  const described = $defs?.[id];
  if (described === undefined || Object.keys($defs ?? {}).length > 1)
    throw new TypeError(`The schema "${id}" of a body must contain no other schema that has an id.`);
  for (const [name, bound] of Object.entries(bounds))
    Object.assign(present(propertyAt(described, name.split('.')), `a property "${name}" of "${id}"`), bound);
  // Both are JSON Schema 2020-12, typed by two packages.
  routes.openAPIRegistry.registerComponent('schemas', id, described as object);
}

type Described = z.core.JSONSchema.BaseSchema;

/** The property at a path, of an object or of the items of an array. */
function propertyAt(schema: Described, [name, ...rest]: readonly string[]): Described | undefined {
  if (name === undefined) return schema;
  const { properties } =
    Array.isArray(schema.items) || typeof schema.items !== 'object' ? schema : schema.items;
  const property = properties?.[name];
  return typeof property === 'object' ? propertyAt(property, rest) : undefined;
}

/** Omits bounds that only say that a float64 holds the integer exactly. */
function dropSafeRange({ jsonSchema }: { readonly jsonSchema: Described }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
