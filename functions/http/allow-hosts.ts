// Protects a server on somebody's machine from the pages that its user's browser has open. A page of another site may send
// requests to the server: under its own name by DNS rebinding, or under the server's name by a cross-origin request.

import { isIP } from 'node:net';
import { createMiddleware } from 'hono/factory';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv, HostRules } from '../deps/deps.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const isAddress = (hostname: string) => isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;

/**
 * Middleware that admits requests for one of the hosts. A request that changes something is admitted only where it comes
 * from no page at all, from a page of this server, or from one of the `origins`.
 * @throws {FoveaError} `host-not-allowed`, `origin-not-allowed`.
 */
export function allowHosts({ names, anyAddress = false }: HostRules, origins: readonly string[] = []) {
  const allowed = new Set(names);
  return createMiddleware<AppEnv>(async (c, next) => {
    const here = c.get('publicOrigin');
    const hostname = here === undefined ? '' : new URL(here).hostname;
    if (!allowed.has(hostname) && !(anyAddress && isAddress(hostname))) {
      throw new FoveaError(
        'host-not-allowed',
        `This server does not answer for the host ${JSON.stringify(hostname || c.req.header('host'))}, but for ` +
          `${names.join(', ')}${anyAddress ? ' and any IP address' : ''}. Start it with --allow-host to make it answer for another.`,
        { param: 'Host' },
      );
    }
    const origin = c.req.header('origin');
    const isForeign = origin !== undefined && origin !== here;
    if (isForeign && !SAFE_METHODS.has(c.req.method) && !origins.includes(origin) && !origins.includes('*')) {
      throw new FoveaError(
        'origin-not-allowed',
        `A web page of ${JSON.stringify(origin)} may not change anything on this server. Send the request from outside a ` +
          'browser, or from a page of this server; or start the server with --allow-origin.',
        { param: 'Origin' },
      );
    }
    await next();
  });
}
