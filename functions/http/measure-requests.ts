// Counts the answers to requests.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';
import type { Metrics } from '../deps/metrics.ts';
import { routeTemplate } from './route-template.ts';

/** Middleware that tells of every answer, by its operation, or by the template of its route where that is no operation. */
export function measureRequests(metrics: Metrics) {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next();
    const operation = c.get('operation') ?? routeTemplate(c) ?? 'none';
    metrics.answered({ operation, status: c.res.status });
  });
}
