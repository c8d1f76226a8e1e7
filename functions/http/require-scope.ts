// Admits requests whose API key has the scope that an operation needs.

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { includesScope, type Scope } from '../../core/api-key/scope.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';

/** The scope that pictures of datasets need. */
export const DATASET_SCOPE: Scope = 'train';

/**
 * Middleware of one operation. Where the installation requires no keys, it admits everybody.
 * @throws {FoveaError} `scope-missing`, answered with 403.
 */
export function requireScope(needed: Scope) {
  return createMiddleware<AppEnv>(async (c, next) => {
    requireScopeFor(c, needed);
    await next();
  });
}

/**
 * For handlers of which a part needs a higher scope than the rest.
 * @throws {FoveaError} `scope-missing`.
 */
export function requireScopeFor(c: Context<AppEnv>, needed: Scope): void {
  const key = c.get('apiKey');
  if (key === undefined || includesScope(key.scopes, needed)) return;
  throw new FoveaError(
    'scope-missing',
    `The API key "${key.name}" has the scope ${key.scopes.join(', ')}, and this request needs ${needed}. Ask the operator of this ` +
      'installation for a key that has it.',
    { param: 'Authorization', details: { key: key.name, scopes: key.scopes, needed } },
  );
}
