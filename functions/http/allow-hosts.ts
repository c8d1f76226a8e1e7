// Protection of a server without keys from the pages that its user's browser has open: a page of another site may send
// requests to 127.0.0.1, under its own name by DNS rebinding or under ours by a cross-origin request.

import type { MiddlewareHandler } from 'hono';
import { FoveaError } from '../../core/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The host name of a `Host` header, without its port. */
function hostNameOf(host: string): string | undefined {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/**
 * Admits requests whose `Host` is one of `hosts` (names without ports), and of those that change something only such as
 * come from no page at all or from a page of this server.
 * @throws {FoveaError} `host-not-allowed`, `origin-not-allowed`.
 */
export function allowHosts(hosts: readonly string[]): MiddlewareHandler {
  const allowed = new Set(hosts);
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    if (!allowed.has(hostNameOf(host) ?? '')) {
      throw new FoveaError(
        'host-not-allowed',
        `This server does not answer for the host ${JSON.stringify(host)}, but for ${hosts.join(', ')}. ` +
          'Start it with --host to make it answer for another.',
        { param: 'Host' },
      );
    }
    const origin = c.req.header('origin');
    if (
      origin !== undefined &&
      !SAFE_METHODS.has(c.req.method) &&
      new URL(`http://${host}`).origin !== origin
    ) {
      throw new FoveaError(
        'origin-not-allowed',
        `A page of ${JSON.stringify(origin)} may not change anything here. Send the request from outside a browser, or ` +
          'from the page of this server.',
        { param: 'Origin' },
      );
    }
    await next();
  };
}
