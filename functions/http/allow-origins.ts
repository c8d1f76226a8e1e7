// CORS, preflight included: lets pages of other sites read what this server answers. API keys travel in a header that pages
// set themselves, so cookies are never allowed.

import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';

/** Headers of an answer that scripts may read. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Retry-After',
  'X-Should-Retry',
  'Allow',
  'WWW-Authenticate',
  'ETag',
  'Accept-Ranges',
  'Content-Range',
  'traceresponse',
];
const PREFLIGHT_SECONDS = 600;

/**
 * Middleware that lets pages of these origins use the API, with any header.
 * @param origins e.g. `https://app.example.com`; `*` for all.
 */
export function allowOrigins(origins: readonly string[]) {
  const answer = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
  return createMiddleware<AppEnv>((c, next) => {
    const isPreflight = c.req.header('Access-Control-Request-Method') !== undefined;
    // Any other OPTIONS asks which methods there are.
    return c.req.method === 'OPTIONS' && !isPreflight ? next() : answer(c, next);
  });
}
