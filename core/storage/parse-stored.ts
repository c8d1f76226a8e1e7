// Parses the bytes of a stored JSON object: checks its format, upgrades the format before, and keeps the fields of a later version.
// Knows nothing of stores.

import type { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import type { FormatNumber, StoredFormat } from './formats.ts';
import { keepUnknown } from './unknown-fields.ts';

const FORMAT_FIELD = 'formatVersion';

/** What is wrong with a stored object, as a clause for messages. */
export interface StoredProblem {
  readonly problem: string;
  readonly cause: unknown;
}

interface StoredValue<S extends z.ZodType> {
  readonly value: z.output<S>;
}

type Json = Readonly<Record<string, unknown>>;

/** Adds the format number to an object that is to be written. */
export const withFormat = (format: FormatNumber, value: object): object => ({
  ...value,
  [FORMAT_FIELD]: format.version,
});

/** The error `format-newer`, for an object of a later format. */
export const formatNewer = ({ kind, version }: FormatNumber, key: string, found: number): FoveaError =>
  new FoveaError(
    'format-newer',
    `The ${kind} "${key}" has format ${found}; this version of Fovea reads up to format ${version}. ` +
      'It was written by a newer Fovea: upgrade this one.',
    { param: key, details: { kind, key, formatVersion: found, supported: version } },
  );

/**
 * Reads a stored object.
 *
 * @param key for messages.
 * @returns its value, or what is wrong with it.
 * @throws {FoveaError} `format-newer`.
 */
export function parseStored<S extends z.ZodType>(
  format: StoredFormat<S>,
  key: string,
  body: Uint8Array,
): StoredValue<S> | StoredProblem {
  try {
    return parseStoredJson(format, key, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    return { problem: `it is not JSON (${body.length} bytes)`, cause };
  }
}

/**
 * The same for JSON that is part of an object of another form.
 * @throws {FoveaError} `format-newer`.
 */
export function parseStoredJson<S extends z.ZodType>(
  format: StoredFormat<S>,
  key: string,
  json: unknown,
): StoredValue<S> | StoredProblem {
  const found = formatOf(json);
  if (found > format.version) throw formatNewer(format, key, found);
  const current = found >= (format.readsFrom ?? format.version) ? json : upgraded(format, found, json);
  if (current === undefined) {
    const problem = `its format ${found} is too old for this version of Fovea: rewrite it with a version in between`;
    return { problem, cause: undefined };
  }
  const parsed = parseTolerantly(format.schema, current);
  if (!parsed.success) return { problem: describeIssues(parsed.error), cause: parsed.error };
  keepUnknown(withoutFormat(current), parsed.data);
  return { value: parsed.data };
}

/** The format number of an object: 1 where it has none. A number that is not whole fails the schema later. */
function formatOf(json: unknown): number {
  const found = typeof json === 'object' && json !== null ? (json as Json)[FORMAT_FIELD] : undefined;
  return typeof found === 'number' && Number.isInteger(found) ? found : 1;
}

/** Upgrades an object to this format; undefined where it is too old. */
function upgraded(format: StoredFormat, found: number, json: unknown): unknown {
  if (format.upgrade === undefined || found !== format.version - 1) return undefined;
  return withFormat(format, format.upgrade(json as Json));
}

/** An object without its format number, which belongs to the writer and not to the record. */
function withoutFormat(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const { [FORMAT_FIELD]: _, ...rest } = json as Json;
  return rest;
}

/** Parses by a schema that may refuse unknown fields: those of a newer version are allowed in stored objects. */
function parseTolerantly<S extends z.ZodType>(schema: S, json: unknown): z.ZodSafeParseResult<z.output<S>> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed;
  const known = structuredClone(json);
  const removed = parsed.error.issues.map((issue) => removeUnrecognized(known, issue));
  return removed.every(Boolean) ? schema.safeParse(known) : parsed;
}

/** Removes what an issue calls unrecognized; false where the issue is another. */
function removeUnrecognized(root: unknown, issue: z.core.$ZodIssue): boolean {
  const target = issue.path.reduce<unknown>(
    (part, name) => (part as Record<PropertyKey, unknown>)[name],
    root,
  );
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) delete (target as Record<string, unknown>)[name];
    return true;
  }
  if (issue.code !== 'invalid_union') return false;
  const option = issue.errors.find((issues) => issues.every(({ code }) => code === 'unrecognized_keys'));
  return option?.every((inner) => removeUnrecognized(target, inner)) ?? false;
}

const describeIssues = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');
