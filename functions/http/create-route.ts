// Makes a route whose description and middleware say which scope of an API key it needs.

import { createRoute as describeRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { noteOperation } from './audit-requests.ts';
import { idempotent } from './idempotent.ts';
import { keptOf } from './idempotent-operations.ts';
import { OPERATION_SCOPES, type OperationId } from './operation-scopes.ts';
import { requireNames } from './require-names.ts';
import { requireScope } from './require-scope.ts';

/** The name of the keys' scheme in the API's description. */
export const KEY_SCHEME = 'apiKey';

/** What a route says of itself. What keys it takes, {@link OPERATION_SCOPES} says. */
type ScopedRoute<P extends string> = Omit<RouteConfig, 'path' | 'security' | 'middleware'> & {
  readonly path: P;
  readonly operationId: OperationId;
  readonly security?: never;
  readonly middleware?: never;
};

/** A parameter that a route does not know is refused: in the query, `dry_run` of a body would be ignored, and the job made. */
const NO_QUERY = z.strictObject(
  {},
  {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? 'This operation has no parameters there: fields belong in the body'
        : undefined,
  },
);

/**
 * A route, as `@hono/zod-openapi` has them, that admits keys with the scope of its operation alone, and within their limits. Without a schema
 * of its query it takes none.
 */
export function createRoute<P extends string, R extends ScopedRoute<P>>(route: R) {
  const scope = OPERATION_SCOPES[route.operationId];
  if (scope === 'public') return describeRoute({ ...route, security: [] } as R);
  const description = [route.description, `Scope: \`${scope}\`.`].filter(Boolean).join(' ');
  const security = [{ [KEY_SCHEME]: [scope] }];
  const kept = keptOf(route.operationId);
  const middleware = [
    noteOperation(route.operationId),
    requireScope(scope),
    requireNames(route.operationId),
    ...(kept === undefined ? [] : [idempotent(route.operationId, kept)]),
  ];
  const request = { query: NO_QUERY, ...route.request };
  return describeRoute({ ...route, request, description, security, middleware } as R);
}
