// The parity certificate of a version: how far the served model is from the trainer, and pictures with their right answers
// by which any machine can see that it answers the same.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';

export const PARITY_FILE = 'parity.json';

export const GoldenPictureSchema = z.object({
  png: z
    .string()
    .describe(
      "A PNG of exactly the input's size, base64: it needs no scaling, so that its pixels are the same everywhere.",
    ),
  probabilities: z
    .array(z.number())
    .describe('As the served model gave them where it was made, before any temperature.'),
});
export type GoldenPicture = z.infer<typeof GoldenPictureSchema>;

export const ParitySchema = z.object({
  pictures: z.number().int().describe('Pictures on which trainer and served model were compared.'),
  maxDifference: z.number().describe('Largest difference of a probability.'),
  allowed: z.number().describe('Largest difference that is put down to rounding.'),
  tfjsMaxDifference: z
    .number()
    .nullable()
    .default(null)
    .describe(
      'Largest difference between the files for TensorFlow.js and the served model on the golden pictures; null where not compared.',
    ),
  trainer: z.record(z.string(), z.unknown()).describe('What computed where the model was made.'),
  golden: z.array(GoldenPictureSchema).optional().describe('Pictures with their right answers.'),
});
export type Parity = z.infer<typeof ParitySchema>;
export const PARITY = { ...FORMATS.parity, schema: ParitySchema };
