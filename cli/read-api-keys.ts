// The API keys of a server on this machine: from a file, or one from the environment.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { environment } from '../core/environment.ts';
import { FoveaError } from '../core/errors.ts';

const SHORTEST_KEY = 16;
const KeySchema = z
  .string()
  .regex(/^\S*$/, { message: 'a key has no white space' })
  .min(SHORTEST_KEY, { message: `a key has ${SHORTEST_KEY} characters or more` });
const KeysSchema = z
  .record(z.string(), KeySchema)
  .refine((keys) => Object.keys(keys).length > 0, { message: 'it has no key' });

/**
 * The keys by their names, or `undefined` where none are given.
 * @param file JSON, from names to keys.
 * @param single of the environment; its name is `default`.
 * @throws {FoveaError} `api-keys-invalid`; keys are not repeated.
 */
export async function readApiKeys(
  file: string | undefined,
  single: string | undefined,
): Promise<Readonly<Record<string, string>> | undefined> {
  const fromFile = file === undefined ? undefined : parse(await readJson(file), `The API keys in ${file}`);
  const fromEnvironment =
    single === undefined || single === '' ? undefined : parse({ default: single }, environment.apiKey);
  return fromFile === undefined && fromEnvironment === undefined
    ? undefined
    : { ...fromEnvironment, ...fromFile };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    // A parser's own message repeats what it read.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : String(cause);
    throw invalid(`The API keys in ${file}`, reason, cause);
  }
}

function parse(keys: unknown, where: string): Readonly<Record<string, string>> {
  const parsed = KeysSchema.safeParse(keys);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw invalid(where, problems.join('; '), undefined);
}

const invalid = (where: string, problem: string, cause: unknown) =>
  new FoveaError(
    'api-keys-invalid',
    `${where} cannot be used: ${problem}. A JSON object from names to keys is needed, e.g. {"me": "…"}.`,
    cause === undefined ? {} : { cause },
  );
