// The query parameters that choose jobs from their list, as OpenAI's SDKs send them.

import { z } from 'zod';
import type { JobRecord } from '../core/job/record/job.ts';
import { toWireStatus, WireStatusSchema } from './job.ts';
import { PageQuerySchema } from './pagination.ts';

/** `metadata[KEY]`, with the bounds of the keys of metadata. */
const METADATA = /^metadata\[(?<key>.{1,64})\]$/su;

/** A page, and which jobs are on it. */
export const JobQuerySchema = z
  .object({
    ...PageQuerySchema.shape,
    status: WireStatusSchema.optional().meta({ description: 'Only jobs in this state.' }),
  })
  .catchall(z.string())
  .superRefine((query, context) => {
    const known = new Set([...Object.keys(PageQuerySchema.shape), 'status']);
    for (const name of Object.keys(query))
      if (!known.has(name) && !METADATA.test(name))
        context.addIssue({ code: 'unrecognized_keys', keys: [name], input: query });
  });

/** Says of a job whether a query asks for it; undefined where the query asks for all. */
export function toJobFilter(
  query: z.output<typeof JobQuerySchema>,
): ((job: JobRecord) => boolean) | undefined {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const key = METADATA.exec(name)?.groups?.['key'];
    return key === undefined ? [] : [[key, value] as const];
  });
  const { status } = query;
  if (status === undefined && pairs.length === 0) return undefined;
  return (job) =>
    (status === undefined || toWireStatus(job) === status) &&
    pairs.every(([key, value]) => job.metadata[key] === value);
}
