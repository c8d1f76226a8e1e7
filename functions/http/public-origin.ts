// Finds the origin at which a client reaches this server: `https://fovea.example.com`. Behind a proxy only the proxy knows
// it.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';

const SCHEME = /^https?$/;

/** The first value of a list, which the proxy nearest to the client added. */
const firstOf = (header: string | undefined) => header?.split(',', 1)[0]?.trim().toLowerCase();

/**
 * Middleware that leaves the origin as `publicOrigin`, `undefined` where the Host is not valid.
 * @param trustsProxy whether `X-Forwarded-Proto` and `X-Forwarded-Host` count. Anybody can send them, so they may count
 * only where a proxy sets them on every request.
 */
export function publicOrigin(trustsProxy: boolean) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const own = new URL(c.req.url);
    const scheme = trustsProxy ? firstOf(c.req.header('x-forwarded-proto')) : undefined;
    const forwarded = trustsProxy ? firstOf(c.req.header('x-forwarded-host')) : undefined;
    const host = forwarded || (c.req.header('host') ?? own.host);
    const hasScheme = scheme !== undefined && SCHEME.test(scheme);
    const url = `${hasScheme ? scheme : own.protocol.slice(0, -1)}://${host}`;
    c.set('publicOrigin', URL.canParse(url) ? new URL(url).origin : undefined);
    await next();
  });
}
