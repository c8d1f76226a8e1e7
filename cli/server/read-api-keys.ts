// Reads the API keys of a server on this machine: from a file, or one from the environment.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { environment } from '../../core/environment.ts';
import { FoveaError } from '../../core/errors/errors.ts';

const SHORTEST_KEY = 16;
const KeySchema = z
  .string()
  .regex(/^[!-~]*$/, {
    message:
      'a key may have only letters, digits and punctuation of ASCII, and no white space, because it travels in a header',
  })
  .min(SHORTEST_KEY, { message: `a key must have ${SHORTEST_KEY} characters or more` });
const KeysSchema = z
  .record(z.string(), KeySchema)
  .refine((keys) => Object.keys(keys).length > 0, { message: 'there is no key in it' });

/**
 * The keys by their names, or `undefined` where none are given.
 * @param file JSON file of keys by their names.
 * @param single the key from the environment; its name is `default`.
 * @throws {FoveaError} `api-keys-invalid`; keys are not repeated.
 */
export async function readApiKeys(
  file: string | undefined,
  single: string | undefined,
): Promise<Readonly<Record<string, string>> | undefined> {
  const fromFile = file === undefined ? undefined : parse(await readJson(file), file);
  const fromEnvironment =
    single === undefined || single === '' ? undefined : { default: parseSingle(single) };
  return fromFile === undefined && fromEnvironment === undefined
    ? undefined
    : { ...fromEnvironment, ...fromFile };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    // A parser's own message would repeat the file's content.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : String(cause);
    throw invalidFile(file, reason, cause);
  }
}

function parse(keys: unknown, file: string): Readonly<Record<string, string>> {
  const parsed = KeysSchema.safeParse(keys);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw invalidFile(file, problems.join('; '));
}

function parseSingle(key: string): string {
  const parsed = KeySchema.safeParse(key);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ message }) => message).join('; ');
  throw invalid(
    `${environment.apiKey} cannot be used: ${problems}. Set it to one key, such as \`openssl rand -hex 24\` prints.`,
  );
}

const invalidFile = (file: string, problem: string, cause?: unknown) =>
  invalid(
    `The API keys in ${file} cannot be used: ${problem}. A JSON object from names to keys is needed, e.g. {"me": "…"}.`,
    cause,
  );

const invalid = (message: string, cause?: unknown) =>
  new FoveaError('api-keys-invalid', message, cause === undefined ? {} : { cause });
