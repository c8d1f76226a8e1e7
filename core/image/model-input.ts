// The input contract of a model, as data beside it, for those who prepare pictures, train, serve and export.

import { z } from 'zod';

/** The input contract of a model: everything that decides how bytes become the network's input. */
export const ModelInputSchema = z.object({
  height: z.number().int().positive().describe('Height in pixels.'),
  width: z.number().int().positive().describe('Width in pixels.'),
  channels: z.union([z.literal(1), z.literal(3)]).describe('1: gray. 3: red, green, blue.'),
  preprocessing: z
    .enum(['tf', 'torch', 'caffe', 'unit', 'none'])
    .describe('How bytes of pixels become input of the network, by its usual name.'),
  resize: z.enum(['stretch', 'cover', 'contain']).describe('How the picture is brought to height × width.'),
});
/** The input contract of a model. */
export type ModelInput = z.infer<typeof ModelInputSchema>;
