// Answers OPTIONS: which methods a path has. Preflights of browsers are answered where origins are allowed.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';
import { methodsOf, type RouteEntry } from './not-found.ts';

/**
 * Middleware that answers with 204 and `Allow`. A path that has nothing goes on, to be answered with 404.
 * @param routes gives all routes; it is called at such a request, when all are registered.
 */
export function answerOptions(routes: () => readonly RouteEntry[]) {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method !== 'OPTIONS') return next();
    const allowed = methodsOf(
      routes().filter(({ method }) => method !== 'ALL'),
      c.req.path,
    );
    if (allowed.length === 0) return next();
    return c.body(null, 204, { Allow: [...allowed, 'OPTIONS'].join(', ') });
  });
}
