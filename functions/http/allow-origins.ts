// Pages of other sites that may read what this server answers: CORS, preflight included. Keys travel in a header that pages
// set themselves, so cookies never do.

import { cors } from 'hono/cors';

/** What scripts may read of an answer, beside its body. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Retry-After',
  'X-Should-Retry',
  'Allow',
  'WWW-Authenticate',
  'ETag',
];
const PREFLIGHT_SECONDS = 600;

/** @param origins e.g. `https://app.example.com`; `*` for all. Any header may be sent. */
export const allowOrigins = (origins: readonly string[]) =>
  cors({
    origin: origins.includes('*') ? '*' : [...origins],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
