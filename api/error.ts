// The error shape on the wire.

import { z } from 'zod';

/** The body of every answer with a status of 400 or more, in the form of OpenAI's API. */
export const ErrorSchema = z
  .object({
    error: z
      .object({
        message: z
          .string()
          .meta({ description: 'What failed, what was received, what is allowed, what to do.' }),
        type: z
          .enum(['invalid_request_error', 'server_error'])
          .meta({ description: 'Who can resolve it: the client, or the operator of the server.' }),
        param: z
          .string()
          .nullable()
          .meta({ description: 'The field, parameter or header at fault; null where none is.' }),
        code: z
          .string()
          .meta({ description: 'A stable code, e.g. `model-not-found`; /docs/errors lists all.' }),
        details: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: 'The facts of the message for programs, by name.' }),
        request_id: z
          .string()
          .optional()
          .meta({ description: 'The id under which the server’s log tells more.' }),
      })
      .meta({ description: 'The failure.' }),
  })
  .meta({
    id: 'Error',
    description: 'The answer to every request that fails.',
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
