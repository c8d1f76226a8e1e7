// The parity certificate of a version: how far the served model is from the trainer, and pictures with their right answers
// by which any machine can see that it answers the same.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';

export const PARITY_FILE = 'parity.json';

export const GoldenPictureSchema = z.object({
  /** A PNG of exactly the input's size, base64: it needs no scaling, so that its pixels are the same everywhere. */
  png: z.string(),
  /** As the served model gave them where it was made, before any temperature. */
  probabilities: z.array(z.number()),
});
export type GoldenPicture = z.infer<typeof GoldenPictureSchema>;

export const ParitySchema = z.object({
  /** Pictures on which trainer and served model were compared. */
  pictures: z.number().int(),
  /** Largest difference of a probability. */
  maxDifference: z.number(),
  /** Largest difference that is put down to rounding. */
  allowed: z.number(),
  /** Largest difference between the files for TensorFlow.js and the served model on the golden pictures; null where not compared. */
  tfjsMaxDifference: z.number().nullable().default(null),
  trainer: z.record(z.string(), z.unknown()),
  golden: z.array(GoldenPictureSchema).optional(),
});
export type Parity = z.infer<typeof ParitySchema>;
export const PARITY = { ...FORMATS.parity, schema: ParitySchema };
