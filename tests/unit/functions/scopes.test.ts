// Every operation of the description × every scope × no key.

import { describe, expect, it } from 'vitest';
import { includesScope, SCOPES, type Scope } from '../../../core/api-key/scope.ts';
import { createRoute } from '../../../functions/http/create-route.ts';
import { OPERATION_SCOPES, type OperationId } from '../../../functions/http/operation-scopes.ts';
import { isOfProtocol, protocolRoutes } from '../../support/protocol-routes.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

/** Routes that are no operations: they hold no data. */
const PUBLIC_PATHS = [
  '/',
  '/page.css',
  '/page.js',
  '/openapi.json',
  '/docs',
  '/docs/schemas',
  '/docs/docs.css',
  '/docs/docs.js',
  '/docs/errors',
  '/docs/errors.md',
];

/** Not described, and its key is looked at by itself: metrics.test.ts. */
const METRICS_PATH = '/metrics';

const PUBLIC_PATHS_OF_PROTOCOLS = ['/v2', '/v2/health/live', '/v2/health/ready'];

const OPERATOR = 'the-key-of-the-operator';
const { app, send } = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
const secrets = new Map<Scope, string>();
for (const scope of SCOPES) {
  const key = { name: `${scope}-key`, scopes: [scope] };
  const { body } = await send('POST', '/v1/keys', key, { authorization: `Bearer ${OPERATOR}` });
  secrets.set(scope, body.secret);
}
const document: AnyJson = (await send('GET', '/openapi.json')).body;
const operations = Object.entries<AnyJson>(document.paths).flatMap(([path, methods]) =>
  Object.entries<AnyJson>(methods).map(([method, operation]) => ({
    id: operation.operationId as OperationId,
    method: method.toUpperCase(),
    path,
    operation,
  })),
);

/** What a request with a key of a scope, or without a key, is told before anything else is looked at. */
const refusalOf = async ({ method, path }: (typeof operations)[number], key: Scope | undefined) => {
  const { status, body } = await send(
    method,
    path.replaceAll(/\{\w+\}/g, 'x'),
    undefined,
    key === undefined ? {} : { authorization: `Bearer ${secrets.get(key)}` },
  );
  return status === 401 || body.error?.code === 'scope-missing' ? { status, ...body.error } : undefined;
};

describe('operations', () => {
  it.each(operations)('$id admits the keys that its row says', async (one) => {
    const { operation } = one;
    const needed = OPERATION_SCOPES[one.id];
    if (needed === 'public') {
      expect(operation.security).toEqual([]);
      expect(await refusalOf(one, undefined)).toBeUndefined();
      return;
    }
    expect(operation.security).toEqual([{ apiKey: [needed] }]);
    expect(operation.description).toContain(`Scope: \`${needed}\`.`);
    expect(await refusalOf(one, undefined)).toMatchObject({ status: 401, code: 'api-key-missing' });
    for (const scope of SCOPES) {
      const refused = {
        status: 403,
        code: 'scope-missing',
        message: expect.stringMatching(`"${scope}-key".* needs ${needed}`),
        details: { key: `${scope}-key`, scopes: [scope], needed },
      };
      expect([scope, await refusalOf(one, scope)]).toEqual([
        scope,
        includesScope([scope], needed) ? undefined : expect.objectContaining(refused),
      ]);
    }
  });
});

describe('the table of scopes', () => {
  it('has every operation, and nothing else', () => {
    expect(operations.map(({ id }) => id).sort()).toEqual(Object.keys(OPERATION_SCOPES).sort());
  });

  it('leaves nothing out that the app answers', () => {
    const described = new Set(
      operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const others = app.routes
      .filter((route) => route.method !== 'ALL' && !isOfProtocol(route))
      .filter(({ method, path }) => !described.has(`${method} ${path}`))
      .map(({ path }) => path);
    expect([...new Set(others)].sort()).toEqual([...PUBLIC_PATHS, METRICS_PATH].sort());
  });

  it.each(protocolRoutes.filter(({ path }) => !PUBLIC_PATHS_OF_PROTOCOLS.includes(path)))(
    'lets nobody without a key use $method $path of a protocol',
    async ({ method, path }) => {
      const asked = path
        .replaceAll(/:call\{[^}]*\}/g, 'color:predict')
        .replaceAll(/:version\{v[^}]*\}/g, 'v3.0')
        .replaceAll(/:area\{[^}]*\}/g, 'Prediction')
        .replaceAll(/:version(\{[^}]*\})?/g, '1')
        .replaceAll(/:\w+/g, 'color');
      // Clients of one protocol send the key in the body.
      const body =
        method === 'GET' ? {} : { body: '{"model_id":"color/1","image":{"type":"base64","value":""}}' };
      const response = await app.request(asked, { method, ...body });
      expect(response.status).toBe(401);
    },
  );

  it('is needed to compile a route', () => {
    const route = { method: 'get', path: '/v1/new', responses: {} } as const;
    // @ts-expect-error it has no row
    expect(createRoute({ ...route, operationId: 'listNew' }).path).toBe('/v1/new');
  });

  it('orders the scopes: each includes those before it', () => {
    expect(SCOPES).toEqual(['predict', 'train', 'admin']);
    expect(includesScope(['predict', 'train'], 'train')).toBe(true);
    expect(includesScope(['predict'], 'train')).toBe(false);
    expect(includesScope([], 'predict')).toBe(false);
  });
});
