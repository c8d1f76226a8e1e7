// What a worker says of itself: the record that it writes again and again while it lives. Knows no store.

import { z } from 'zod';
import { FORMATS } from '../../../storage/formats.ts';
import { TRAINER_BACKENDS } from '../../recipe/trainer-backends.ts';

/** What a worker's machine has. */
export const WorkerOfferSchema = z.object({
  backend: z.enum(TRAINER_BACKENDS).describe('The back end that jobs with `auto` use there.'),
  lacks: z.array(z.enum(TRAINER_BACKENDS)).describe('Better back ends that the machine lacks.'),
  gpu: z
    .object({
      model: z
        .string()
        .nullable()
        .describe('As its driver names it, e.g. `NVIDIA A10G`; null where it does not say.'),
      count: z.number().int().min(1).describe('GPUs that share a batch.'),
    })
    .nullable()
    .describe('Its GPU, where jobs can use one; null elsewhere.'),
  deviceBytes: z
    .number()
    .nonnegative()
    .describe('Memory of what trains: of one GPU where there is one, else what a trainer may take. Bytes.'),
  memoryBytes: z.number().nonnegative().describe('Memory that a trainer may take, in bytes.'),
  vcpus: z.number().int().min(1).describe('Processors.'),
  usdPerHour: z
    .number()
    .nonnegative()
    .nullable()
    .describe('What an hour of it costs, in US dollars; null where that is not known.'),
});
/** What a worker's machine has. */
export type WorkerOffer = z.infer<typeof WorkerOfferSchema>;

/** The work that a worker has at hand. */
export const WorkAtHandSchema = z.object({
  id: z.string().describe('The id of the job.'),
  trial: z
    .number()
    .int()
    .min(1)
    .nullable()
    .describe('Number of the trial of its sweep; null for the whole job.'),
});
/** The work that a worker has at hand. */
export type WorkAtHand = z.infer<typeof WorkAtHandSchema>;

/** The record of a worker, as it is stored. When it was last seen, the store says. */
export const WorkerRecordSchema = z.object({
  formatVersion: z.literal(FORMATS.worker.version),
  /** A new one for each start. */
  id: z.string(),
  /** For people. */
  name: z.string(),
  /** The version of Fovea. */
  version: z.string(),
  /** Unix seconds, on the worker's clock. */
  startedAt: z.number().int(),
  offer: WorkerOfferSchema,
  job: WorkAtHandSchema.nullable(),
  /** Whether it takes no further job. */
  isStopping: z.boolean(),
});
/** What a worker says of itself. */
export type WorkerRecord = z.infer<typeof WorkerRecordSchema>;
/** The stored format of records of workers. */
export const WORKER_RECORD = { ...FORMATS.worker, schema: WorkerRecordSchema };
