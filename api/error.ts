// The error shape on the wire.

import { z } from 'zod';

export const ErrorSchema = z
  .object({
    error: z
      .object({
        message: z
          .string()
          .meta({ description: 'What failed, what was received, what is allowed, what to do.' }),
        type: z.enum(['invalid_request_error', 'server_error']).meta({ description: 'Whose it is to mend.' }),
        param: z
          .string()
          .nullable()
          .meta({ description: 'The field, parameter or header at fault; null where none is.' }),
        code: z.string().meta({ description: 'Stable, e.g. `model-not-found`; /docs/errors lists all.' }),
        details: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: 'Facts beside the message, by name.' }),
        request_id: z
          .string()
          .optional()
          .meta({ description: 'Under which the log tells more, where the message does not.' }),
      })
      .meta({ description: 'The failure.' }),
  })
  .meta({
    id: 'Error',
    description: 'What every failure leaves as.',
    example: {
      error: {
        message: 'There is no model "fruits". There are: "fruit".',
        type: 'invalid_request_error',
        param: 'model',
        code: 'model-not-found',
        details: { model: 'fruits', models: ['fruit'] },
      },
    },
  });
