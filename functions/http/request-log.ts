// One log line for each request: what came, what it got, how long it took.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps.ts';
import type { Logger } from '../logger.ts';

export function requestLog(logger: Logger, now: () => number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = now();
    await next();
    const { status } = c.res;
    const log = status >= 500 ? logger.error : logger.info;
    log('request', {
      request_id: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
      status,
      duration_ms: now() - startedMs,
    });
  });
}
