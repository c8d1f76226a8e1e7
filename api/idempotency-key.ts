// The header by which a client repeats a request safely.

import { z } from 'zod';

const MAX_LENGTH = 255;

/** The headers of requests that make something. */
export const IdempotencyHeadersSchema = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(MAX_LENGTH)
    .optional()
    .meta({
      description:
        'Any text of yours, e.g. a UUID. The same request with the same key again is done once and gets the same answer, or what it made as it ' +
        'is now, so that it can be repeated after a lost connection. Where that was deleted, the answer is 410, `idempotency-gone`. Another ' +
        'request with that key is refused. A secret is given once: where the answer had one, the ' +
        'same request is answered with 409, `idempotency-secret-given`, whose details name what was made.',
    }),
});
