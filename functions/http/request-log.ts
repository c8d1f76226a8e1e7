// Writes one log line for each request, when its answer is sent. It has neither path nor query: they may hold names of pictures, keys and
// the tokens of links.

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Traffic } from '../deps/connection.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Logger } from '../deps/logger.ts';
import { routeTemplate } from './route-template.ts';

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
    // A 503 is temporary; where it is a fault, the error handler logs it as one.
    const log = status < 500 ? logger.info : status === 503 ? logger.warn : logger.error;
    const facts = factsOf(c);
    const write = (traffic: Partial<Traffic>) => {
      const { bytesIn, bytesOut, isWhole = true } = traffic;
      log('request', {
        ...facts,
        status,
        duration_ms: now() - startedMs,
        ...(bytesIn === undefined ? {} : { bytes_in: bytesIn }),
        ...(bytesOut === undefined ? {} : { bytes_out: bytesOut }),
        ...(isWhole ? {} : { aborted: true }),
      });
    };
    const connection = c.env?.connection;
    if (connection === undefined) write(announced(c));
    else connection.onAnswered(write);
  });
}

function factsOf(c: Context<AppEnv>): Readonly<Record<string, unknown>> {
  const operation = c.get('operation');
  const key = c.get('apiKey');
  const span = c.get('span');
  const { model, version } = c.get('predicted') ?? c.get('target') ?? {};
  return {
    request_id: c.get('requestId'),
    ...(span === undefined ? {} : { trace_id: span.traceId }),
    method: c.req.method,
    route: routeTemplate(c) ?? null,
    ...(operation === undefined ? {} : { operation }),
    ...(key === undefined ? {} : { client: key.name }),
    ...(model === undefined ? {} : { model }),
    ...(version === undefined ? {} : { model_version: version }),
  };
}

/** The sizes of the bodies, where headers say them. */
function announced(c: Context<AppEnv>): Partial<Traffic> {
  const [bytesIn, bytesOut] = [c.req.header('content-length'), c.res.headers.get('content-length')];
  return {
    ...(bytesIn === undefined ? {} : { bytesIn: Number(bytesIn) }),
    ...(bytesOut === null ? {} : { bytesOut: Number(bytesOut) }),
  };
}
