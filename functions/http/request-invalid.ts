// Turns zod's issues into one error that names every problem at once: where, what was received, what is allowed.

import type { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import { allowedKeys } from './allowed-keys.ts';
import { nearest } from './nearest.ts';

/** Issues beyond this many are counted instead of listed. */
const MOST_ISSUES = 20;
/** Longest piece of a received string that is repeated. */
const SHOWN_CHARACTERS = 80;
/** How many allowed keys are suggested for an unknown one. */
const KEYS_SUGGESTED = 3;

/**
 * The error `request-invalid` for input that a schema refused.
 * @param where says what was read, e.g. `The request body`.
 * @param received the input, from which wrong values are quoted.
 * @param schema the schema that refused it, to suggest its keys.
 */
export function toRequestInvalid(
  error: z.core.$ZodError,
  where: string,
  received: unknown,
  schema?: z.ZodType,
): FoveaError {
  const issues = error.issues.slice(0, MOST_ISSUES).map((issue) => ({
    path: issue.path.map(String).join('.'),
    message:
      issue.message.replace(COERCED, '') + describeReceived(received, issue) + suggestKeys(schema, issue),
  }));
  const more = error.issues.length - issues.length;
  const listed = issues
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  const param = issues.find(({ path }) => path !== '')?.path;
  return new FoveaError(
    'request-invalid',
    `${where} is not valid. ${listed}${more > 0 ? `; and ${more} more` : ''}.`,
    {
      ...(param === undefined ? {} : { param }),
      details: { issues },
      cause: error,
    },
  );
}

/** Zod's words where it could not convert text to a number: they tell the result, not the text that was received. */
const COERCED = /, received NaN$/;

/** The end of a message for an unknown key: the allowed keys that are nearest to it. */
function suggestKeys(schema: z.ZodType | undefined, issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return '';
  const allowed = allowedKeys(schema, issue.path);
  const [key = ''] = issue.keys;
  const near = nearest(key.slice(0, SHOWN_CHARACTERS), allowed, KEYS_SUGGESTED);
  if (near.length === 0) return '';
  const names = near.map((name) => JSON.stringify(name)).join(', ');
  return near.length === allowed.length
    ? `; allowed are ${names}`
    : `; of the ${allowed.length} keys that are allowed, the nearest are ${names}`;
}

/** `, received …` for plain values; zod's own message already tells unknown keys and missing values. */
function describeReceived(input: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return '';
  if (issue.message.includes('received') && !COERCED.test(issue.message)) return '';
  let value = input;
  for (const segment of issue.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return '';
    value = Reflect.get(value, segment);
  }
  if (typeof value === 'string') {
    const shown = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
    return `, received ${JSON.stringify(shown)}`;
  }
  return typeof value === 'number' || typeof value === 'boolean' || value === null
    ? `, received ${value}`
    : '';
}
