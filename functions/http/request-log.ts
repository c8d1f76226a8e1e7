// One log line for each request: what came, what it got, how long it took.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';
import type { Logger } from '../deps/logger.ts';

export function requestLog(logger: Logger, now: () => number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = now();
    await next();
    const { status } = c.res;
    // A 503 passes; where it is a fault, the error handler logs it as one.
    const log = status < 500 ? logger.info : status === 503 ? logger.warn : logger.error;
    log('request', {
      request_id: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
      status,
      duration_ms: now() - startedMs,
    });
  });
}
