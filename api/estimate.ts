// An estimate of a job on the wire.

import { z } from 'zod';
import type { JobEstimate, JobPictures } from '../core/job/estimate-job.ts';

const count = z.number().int();

export const EstimateSchema = z
  .object({
    seconds: z.number(),
    usd: z.number().meta({ description: '0 where the machine has no price.' }),
    usd_per_hour: z.number(),
    machine: z.string(),
    gpu: z.string().nullable(),
    pictures: z.object({ train: count, validation: count, test: count }),
    parts: z.array(z.object({ name: z.string(), epochs: count.nullable(), seconds: z.number() })),
    basis: z.array(z.string()).meta({ description: 'What the numbers rest on, and what is not in them.' }),
  })
  .meta({ id: 'JobEstimate' });
export type WireEstimate = z.infer<typeof EstimateSchema>;

export const toWireEstimate = (
  { seconds, usd, machine, parts, basis }: JobEstimate,
  { train, validation, test }: JobPictures,
): WireEstimate => ({
  seconds,
  usd,
  usd_per_hour: machine.usdPerHour,
  machine: machine.name,
  gpu: machine.gpu ?? null,
  pictures: { train, validation, test },
  parts: parts.map((part) => ({ ...part })),
  basis: [...basis],
});
