// The terms on which bodies are read: what a request may hold beside all others, and how long it may stall.

import { createMiddleware } from 'hono/factory';
import { createBytesInFlight } from '../deps/bytes-in-flight.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Limits } from '../deps/limits.ts';

/** Leaves the terms for the handlers, and takes a request's share back when its answer is there, or it has failed. */
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
