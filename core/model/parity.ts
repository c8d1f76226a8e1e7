// The parity certificate of a version: how much the answers of the served model differ from the trainer's, and pictures with their
// right answers, by which any machine can check its own answers.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';

/** Name of the certificate's file. */
export const PARITY_FILE = 'parity.json';

/** A picture with its right answer, as it is stored. */
export const GoldenPictureSchema = z.object({
  png: z
    .string()
    .describe(
      "A PNG of exactly the input's size, in base64. It is not scaled, so its pixels are the same on every machine.",
    ),
  probabilities: z
    .array(z.number())
    .describe('Probabilities of the served model on the machine that made it, before calibration.'),
  int8: z
    .array(z.number())
    .optional()
    .describe('Those of the model in 8-bit integers; absent where there is none.'),
});
/** A picture with its right answer. */
export type GoldenPicture = z.infer<typeof GoldenPictureSchema>;

/** The certificate as it is stored. */
export const ParitySchema = z.object({
  pictures: z.number().int().describe('Pictures on which trainer and served model were compared.'),
  maxDifference: z.number().describe('Largest difference between two probabilities.'),
  allowed: z.number().describe('Largest difference that rounding explains.'),
  tfjsMaxDifference: z
    .number()
    .nullable()
    .default(null)
    .describe(
      'Largest difference between TensorFlow.js and the served model on the golden pictures; null where they were not compared.',
    ),
  trainer: z
    .record(z.string(), z.unknown())
    .describe('Back end, device and versions of the trainer that made the model.'),
  golden: z.array(GoldenPictureSchema).optional().describe('Pictures with their right answers.'),
});
/** How much answers differ, how much they may, and the golden pictures. */
export type Parity = z.infer<typeof ParitySchema>;
/** The stored format of certificates. */
export const PARITY = { ...FORMATS.parity, schema: ParitySchema };
