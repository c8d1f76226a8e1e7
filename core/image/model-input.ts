// What a model takes, as data beside it: the contract between those who prepare pictures and those who train, serve and export.

import { z } from 'zod';

/** The input contract of a model: everything that turns bytes into the network's input. */
export const ModelInputSchema = z.object({
  height: z.number().int().positive().describe('Pixels.'),
  width: z.number().int().positive().describe('Pixels.'),
  channels: z.union([z.literal(1), z.literal(3)]).describe('1: gray. 3: red, green, blue.'),
  preprocessing: z
    .enum(['tf', 'torch', 'caffe', 'unit', 'none'])
    .describe('What is made of the bytes of a pixel, by its usual name.'),
  resize: z.enum(['stretch', 'cover', 'contain']).describe('How the picture is brought to height × width.'),
});
export type ModelInput = z.infer<typeof ModelInputSchema>;
