// Environment variables of an entry point: checked all at once, with every problem in one error.

import { z } from 'zod';
import { FoveaError } from '../core/errors/errors.ts';

/** A variable that holds JSON of a schema. */
export const jsonText = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch (error) {
        context.addIssue({
          code: 'custom',
          message: `not JSON: ${error instanceof Error ? error.message : error}`,
        });
        return z.NEVER;
      }
    })
    .pipe(schema);

/**
 * The variables that a schema names.
 * @throws {FoveaError} `environment-invalid` naming every variable that is missing or wrong; values are not repeated.
 */
export function readEnvironment<T extends z.ZodType>(
  schema: T,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const parsed = schema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new FoveaError('environment-invalid', `The environment is not complete. ${problems.join('; ')}.`);
}
