// The routes of the protocols of other servers. They are no operations of the API's description.

import { DEFAULT_LIMITS } from '../../functions/deps/limits.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { PROTOCOLS } from '../../functions/protocols/protocols.ts';
import type { RouteDeps } from '../../functions/routes/route-deps.ts';

// Their paths alone are looked at, so that they need nothing to work with.
const nothing = { limits: DEFAULT_LIMITS, logger: silentLogger } as unknown as RouteDeps;

/** Method and path of each, once. */
export const protocolRoutes = [
  ...new Map(
    PROTOCOLS.flatMap(({ routes }) => routes(nothing).routes).map(({ method, path }) => [
      `${method} ${path}`,
      { method, path },
    ]),
  ).values(),
];
const known = new Set(protocolRoutes.map(({ method, path }) => `${method} ${path}`));

/** Whether a route is one of them. */
export const isOfProtocol = ({ method, path }: { readonly method: string; readonly path: string }) =>
  known.has(`${method} ${path}`);
