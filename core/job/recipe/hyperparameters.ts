// The numbers of training that a request may set, as OpenAI names them.

import { z } from 'zod';

const autoOr = <T extends z.ZodType>(schema: T) => z.union([z.literal('auto'), schema]);

export const HyperparametersSchema = z
  .object({
    n_epochs: autoOr(z.number().int().min(1).max(1000))
      .default('auto')
      .describe('Passes over the training pictures; `auto` is what the recipe has.'),
    batch_size: autoOr(z.number().int().min(1).max(1024))
      .default('auto')
      .describe('Pictures that one step of training learns from; `auto` goes by their number.'),
    learning_rate_multiplier: autoOr(z.number().positive().max(1000))
      .default('auto')
      .describe("Multiplies the recipe's own learning rate; `auto` is 1."),
  })
  .strict();
export type Hyperparameters = z.infer<typeof HyperparametersSchema>;
