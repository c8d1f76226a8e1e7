// Finds the keys that a schema allows at one place of its input. Knows the few kinds of schemas that wrap others.

import { z } from 'zod';

/**
 * The keys of the objects that `schema` allows at `path`, without repetition; none where it has no object with fixed
 * keys there.
 */
export function allowedKeys(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const keys = objectsAt(schema, path).flatMap(({ shape }) => Object.keys(shape));
  return [...new Set(keys)];
}

function objectsAt(schema: unknown, path: readonly PropertyKey[]): z.ZodObject[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  )
    return objectsAt(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return [...objectsAt(schema.in, path), ...objectsAt(schema.out, path)];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => objectsAt(option, path));
  const [segment, ...rest] = path;
  if (schema instanceof z.ZodObject)
    return segment === undefined ? [schema] : objectsAt(schema.shape[String(segment)], rest);
  if (segment === undefined) return [];
  if (schema instanceof z.ZodArray) return objectsAt(schema.element, rest);
  return schema instanceof z.ZodRecord ? objectsAt(schema.valueType, rest) : [];
}
