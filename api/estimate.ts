// An estimate of a job on the wire.

import { z } from 'zod';
import type { JobEstimate, JobPictures } from '../core/job/estimate/estimate-job.ts';
import { count, text } from './quantities.ts';

/** The description of every field that has an estimate or null. */
export const ESTIMATE_DESCRIPTION =
  'Time and price; null where the dataset has too little to train on, and for imported backbones.';

/** What a job will take: time, price and the machine, with what they rest on. */
export const EstimateSchema = z
  .object({
    seconds: z.number().meta({ description: 'Seconds from the start of the trainer to the finished model.' }),
    usd: z.number().meta({ description: 'Price of that time; 0 where the machine has no price.' }),
    usd_per_hour: z.number().meta({ description: 'Price of the machine for an hour.' }),
    machine: text('The machine on which the job will start.'),
    gpu: z
      .string()
      .nullable()
      .meta({ description: 'GPU of the machine; null where it trains on processors.' }),
    pictures: z
      .object({
        train: count('Pictures that the model is trained on.'),
        validation: count('Pictures that choose the best epoch.'),
        test: count('Pictures that the model is evaluated on.'),
      })
      .meta({ description: 'The pictures that the estimate is for.' }),
    parts: z
      .array(
        z.object({
          name: text('What is done.'),
          epochs: z.number().int().nullable().meta({ description: 'Epochs of a stage; null elsewhere.' }),
          seconds: z.number().meta({ description: 'Seconds that it takes.' }),
        }),
      )
      .meta({ description: 'What the time is made of.' }),
    basis: z
      .array(z.string())
      .meta({ description: 'What the numbers rest on, and what they do not include, in sentences.' }),
  })
  .meta({ id: 'JobEstimate', description: 'What a job will take, before it runs.' });
/** An estimate as clients get it. */
export type WireEstimate = z.infer<typeof EstimateSchema>;

/**
 * Makes the wire's estimate from the stored one.
 * @param pictures how many pictures of each split the estimate is for.
 */
export const toWireEstimate = (
  { seconds, usd, machine, parts, basis }: JobEstimate,
  pictures: JobPictures,
): WireEstimate => ({
  seconds,
  usd,
  usd_per_hour: machine.usdPerHour,
  machine: machine.name,
  gpu: machine.gpu ?? null,
  pictures: { train: pictures.train, validation: pictures.validation, test: pictures.test },
  parts: parts.map(({ name, epochs, seconds }) => ({ name, epochs, seconds })),
  basis: [...basis],
});
