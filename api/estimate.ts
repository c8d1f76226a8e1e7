// An estimate of a job on the wire.

import { z } from 'zod';
import type { JobEstimate, JobPictures } from '../core/job/estimate/estimate-job.ts';
import { count, text } from './quantities.ts';

/** Of a field that has an estimate or none. */
export const ESTIMATE_DESCRIPTION =
  'Time and price; null where the dataset has too little to train on, and for imported backbones.';

export const EstimateSchema = z
  .object({
    seconds: z.number().meta({ description: 'From the start of the trainer to the model.' }),
    usd: z.number().meta({ description: '0 where the machine has no price.' }),
    usd_per_hour: z.number().meta({ description: 'Price of the machine.' }),
    machine: text('On which the job will start.'),
    gpu: z.string().nullable().meta({ description: 'Of the machine; null where it trains on processors.' }),
    pictures: z
      .object({
        train: count('Pictures that train.'),
        validation: count('Pictures that choose the best epoch.'),
        test: count('Pictures that judge.'),
      })
      .meta({ description: 'What the estimate is for.' }),
    parts: z
      .array(
        z.object({
          name: text('What is done.'),
          epochs: z.number().int().nullable().meta({ description: 'Null where there are none.' }),
          seconds: z.number().meta({ description: 'Time it takes.' }),
        }),
      )
      .meta({ description: 'What the time is made of.' }),
    basis: z.array(z.string()).meta({ description: 'What the numbers rest on, and what is not in them.' }),
  })
  .meta({ id: 'JobEstimate', description: 'What a job will take, before it runs.' });
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
