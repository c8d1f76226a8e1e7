// Under which address a client reaches this server: `https://fovea.example.com`. Behind a proxy only the proxy knows.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';

const SCHEME = /^https?$/;

/** The first of a list: what the proxy next to the client was asked. */
const firstOf = (header: string | undefined) => header?.split(',', 1)[0]?.trim().toLowerCase();

/**
 * Leaves the address as `publicOrigin`; a Host that cannot be one gives `undefined`.
 * @param trustsProxy whether `X-Forwarded-Proto` and `X-Forwarded-Host` count: anybody can send them, so only where a proxy
 *   sets them on every request.
 */
export function publicOrigin(trustsProxy: boolean) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const own = new URL(c.req.url);
    const scheme = trustsProxy ? firstOf(c.req.header('x-forwarded-proto')) : undefined;
    const forwarded = trustsProxy ? firstOf(c.req.header('x-forwarded-host')) : undefined;
    const host = forwarded || (c.req.header('host') ?? own.host);
    const url = `${SCHEME.test(scheme ?? '') ? scheme : own.protocol.slice(0, -1)}://${host}`;
    c.set('publicOrigin', URL.canParse(url) ? new URL(url).origin : undefined);
    await next();
  });
}
