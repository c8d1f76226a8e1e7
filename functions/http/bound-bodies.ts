// Sets the terms on which bodies are read: how many bytes all requests may hold together, and how long a client may stall.

import { createMiddleware } from 'hono/factory';
import { createBytesInFlight } from '../deps/bytes-in-flight.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';

/**
 * Middleware that leaves the terms for the handlers, and releases a request's share when it has been answered or has
 * failed.
 */
export function boundBodies({ bytesInFlight, bodyStallMs }: Limits) {
  const open = createBytesInFlight(bytesInFlight);
  return createMiddleware<AppEnv>(async (c, next) => {
    const share = open();
    c.set('bodyTerms', { share, stallMs: bodyStallMs });
    try {
      await next();
    } finally {
      share.release();
    }
  });
}
