// The hyperparameters that a request may set, by OpenAI's names.

import { z } from 'zod';

const autoOr = <T extends z.ZodType>(schema: T) => z.union([z.literal('auto'), schema]);

/** The hyperparameters of a request; `auto` leaves one to the recipe. */
export const HyperparametersSchema = z
  .object({
    n_epochs: autoOr(z.number().int().min(1).max(1000))
      .default('auto')
      .describe("Passes over the training pictures; `auto` is the recipe's number."),
    batch_size: autoOr(z.number().int().min(1).max(1024))
      .default('auto')
      .describe(
        'Pictures of one training step; `auto` depends on the stage, and on a GPU on the number of pictures and on its memory.',
      ),
    learning_rate_multiplier: autoOr(z.number().positive().max(1000))
      .default('auto')
      .describe("Factor on the recipe's learning rate; `auto` is 1."),
  })
  .strict();
/** The hyperparameters of a job. */
export type Hyperparameters = z.infer<typeof HyperparametersSchema>;
