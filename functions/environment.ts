// Reads the environment variables of an entry point: all are checked at once, with every problem in one error.

import type { z } from 'zod';
import { FoveaError } from '../core/errors/errors.ts';

/**
 * The variables that a schema names.
 * @throws {FoveaError} `environment-invalid`, naming every variable that is missing or wrong; their values are not
 * repeated.
 */
export function readEnvironment<T extends z.ZodType>(
  schema: T,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const parsed = schema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new FoveaError(
    'environment-invalid',
    `Environment variables are missing or wrong. ${problems.join('; ')}.`,
  );
}
