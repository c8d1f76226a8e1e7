// Reads settings that are JSON in a text, e.g. in an environment variable.

import { z } from 'zod';

/** A schema for a variable that holds JSON of another schema. */
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
