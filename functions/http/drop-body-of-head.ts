// Ends the body of an answer to HEAD, which nobody reads: a stream would otherwise go on for as long as the process lives.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';

/** Middleware outside of all that answers. The headers stay those of GET. */
export function dropBodyOfHead() {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next();
    if (c.req.method === 'HEAD') await c.res.body?.cancel();
  });
}
