// Usage on the wire.

import { z } from 'zod';
import type { UsageRow } from '../core/usage/summarize-usage.ts';
import { count, listOf, objectKind } from './quantities.ts';

const day = (description: string) => z.iso.date().meta({ description });

/** The query parameters of `GET /v1/usage`. */
export const UsageQuerySchema = z.strictObject({
  from: day('The first day, in UTC, e.g. `2026-01-01`; without it, 30 days before the last.').optional(),
  to: day('The last day, in UTC; without it, today.').optional(),
});

const UsageRowSchema = z
  .object({
    object: objectKind('usage.row'),
    day: z.string().meta({ description: 'The day, in UTC.' }),
    key: z.string().nullable().meta({
      description:
        'The name of the API key; null where none was required, and for jobs that say nothing of it.',
    }),
    model: z.string().meta({ description: 'The name of the model.' }),
    jobs: count('Jobs that were made on that day, of those that are not deleted.'),
    batches: count('Batch predictions that were made on that day, of those that are not deleted.'),
    predictions: count('Pictures that were predicted; those of a batch count when it is made.'),
    gpu_seconds: z
      .number()
      .meta({ description: 'Time of these jobs on machines where a GPU trained, in seconds.' }),
    cpu_seconds: z
      .number()
      .meta({ description: 'Time of these jobs and batches on other machines, in seconds.' }),
    cost_usd: z
      .number()
      .meta({ description: 'What the machines of these jobs and batches cost on demand, in US dollars.' }),
  })
  .meta({ id: 'UsageRow', description: 'What one key did with one model on one day.' });

/** The answer of `GET /v1/usage`. */
export const UsageSchema = z
  .object({
    ...listOf(UsageRowSchema, 'By day, key and model.'),
    from: z.string().meta({ description: 'The first day.' }),
    to: z.string().meta({ description: 'The last day.' }),
  })
  .meta({ id: 'Usage', description: 'What the installation was used for.' });

/** Makes the wire's row. */
export const toWireUsageRow = (row: UsageRow): z.infer<typeof UsageRowSchema> => ({
  object: 'usage.row',
  day: row.day,
  key: row.key,
  model: row.model,
  jobs: row.jobs,
  batches: row.batches,
  predictions: row.predictions,
  gpu_seconds: row.gpuSeconds,
  cpu_seconds: row.cpuSeconds,
  cost_usd: row.costUsd,
});
