// CORS, preflight included: lets pages of other sites read what this server answers. API keys travel in a header that pages
// set themselves, so cookies are never allowed.

import { cors } from 'hono/cors';

/** Headers of an answer that scripts may read. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Retry-After',
  'X-Should-Retry',
  'Allow',
  'WWW-Authenticate',
  'ETag',
];
const PREFLIGHT_SECONDS = 600;

/**
 * Middleware that lets pages of these origins use the API, with any header.
 * @param origins e.g. `https://app.example.com`; `*` for all.
 */
export const allowOrigins = (origins: readonly string[]) =>
  cors({
    origin: origins.includes('*') ? '*' : [...origins],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
