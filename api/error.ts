// The error shape on the wire, and the responses that every route may give.

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

const DESCRIPTIONS = {
  400: 'The request is not valid.',
  403: 'Not allowed.',
  404: 'There is no such thing.',
  409: 'Not possible in the present state.',
  413: 'The body is larger than the limit.',
  415: 'The Content-Type, or the picture format, is not supported.',
  422: 'The picture cannot be decoded.',
  503: 'Not ready.',
} as const;

type Documented = keyof typeof DESCRIPTIONS;

/** OpenAPI responses of the error shape for these statuses. */
export function errorResponses(...statuses: Documented[]) {
  const content = { 'application/json': { schema: ErrorSchema } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: DESCRIPTIONS[status], content }]),
  ) as unknown as Record<never, never>;
}
