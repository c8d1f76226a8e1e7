// Writes one log line for each request: method, path, name of the API key, status and duration.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';
import type { Logger } from '../deps/logger.ts';

/**
 * Middleware that logs a request when it has been answered: below status 500 as info, 503 as a warning, other failures
 * as errors.
 * @param now gives milliseconds.
 */
export function requestLog(logger: Logger, now: () => number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = now();
    await next();
    const { status } = c.res;
    const key = c.get('apiKey');
    // A 503 is temporary; where it is a fault, the error handler logs it as one.
    const log = status < 500 ? logger.info : status === 503 ? logger.warn : logger.error;
    log('request', {
      request_id: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
      ...(key === undefined ? {} : { client: key.name }),
      status,
      duration_ms: now() - startedMs,
    });
  });
}
