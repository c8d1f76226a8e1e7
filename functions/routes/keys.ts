// API keys over HTTP: created, listed, rotated and revoked by whoever has scope `admin`. Each key may ask what it allows itself.

import type { z } from '@hono/zod-openapi';
import {
  ApiKeyListSchema,
  ApiKeySchema,
  CreateApiKeySchema,
  CurrentApiKeySchema,
  KeyParamSchema,
  NewApiKeySchema,
  RevokedApiKeySchema,
  RotateApiKeySchema,
  toBrokenWireApiKey,
  toWireApiKey,
  toWireCurrentApiKey,
} from '../../api/api-key.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import { keyExists, keyNotFound } from '../../core/api-key/key-records.ts';
import { KEY_MEMORY_MS, type KeyRing } from '../../core/api-key/key-ring.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { noteTarget } from '../http/audit-requests.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, JSON_ERRORS, SECRET_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';

const TAGS = ['Keys'];
const WITHIN = `within ${KEY_MEMORY_MS / 1000} seconds`;
const content = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });

const create = createRoute({
  operationId: 'createKey',
  method: 'post',
  path: '/v1/keys',
  tags: TAGS,
  summary: 'Make an API key',
  description: 'The answer has its secret, which cannot be read later.',
  request: { headers: IdempotencyHeadersSchema, body: jsonBody('CreateApiKey') },
  responses: {
    201: { description: 'The key, with its secret.', content: content(NewApiKeySchema) },
    ...errorResponses(...JSON_ERRORS, ...WRITE_ERRORS, ...SECRET_ERRORS, 'api-key-exists', 'api-keys-unused'),
  },
});

const list = createRoute({
  operationId: 'listKeys',
  method: 'get',
  path: '/v1/keys',
  tags: TAGS,
  summary: 'List API keys',
  request: { query: PageQuerySchema },
  responses: {
    200: { description: 'One page, by name.', content: content(ApiKeyListSchema) },
    ...errorResponses('api-keys-unused'),
  },
});

const get = createRoute({
  operationId: 'getKey',
  method: 'get',
  path: '/v1/keys/{key}',
  tags: TAGS,
  summary: 'Get an API key, without its secret',
  request: { params: KeyParamSchema },
  responses: {
    200: { description: 'The key.', content: content(ApiKeySchema) },
    ...errorResponses('api-key-not-found', 'api-keys-unused', 'record-invalid'),
  },
});

const current = createRoute({
  operationId: 'getCurrentKey',
  method: 'get',
  path: '/v1/key',
  tags: TAGS,
  summary: 'Get what the key of this request allows',
  description: 'Any key may ask, and where the server requires none, anybody. The answer has no secret.',
  responses: {
    200: { description: 'What it allows.', content: content(CurrentApiKeySchema) },
    ...errorResponses(),
  },
});

const rotate = createRoute({
  operationId: 'rotateKey',
  method: 'post',
  path: '/v1/keys/{key}/rotate',
  tags: TAGS,
  summary: 'Give an API key a new secret',
  description: `The present one is refused ${WITHIN}, or after \`grace_seconds\`.`,
  request: {
    headers: IdempotencyHeadersSchema,
    params: KeyParamSchema,
    body: { ...jsonBody('RotateApiKey'), required: false },
  },
  responses: {
    200: { description: 'The key, with its new secret.', content: content(NewApiKeySchema) },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...SECRET_ERRORS,
      'api-key-not-found',
      'api-keys-unused',
      'record-invalid',
      'record-contended',
    ),
  },
});

const revoke = createRoute({
  operationId: 'revokeKey',
  method: 'delete',
  path: '/v1/keys/{key}',
  tags: TAGS,
  summary: 'Revoke an API key',
  description: `Every process of the installation refuses it ${WITHIN}.`,
  request: { params: KeyParamSchema },
  responses: {
    200: { description: 'It is gone.', content: content(RevokedApiKeySchema) },
    ...errorResponses(...WRITE_ERRORS, 'api-key-not-found', 'api-keys-unused'),
  },
});

/** The routes of API keys. */
export function keyRoutes({ keyRing, limits, now }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, CreateApiKeySchema);
  describeBody(routes, RotateApiKeySchema);

  routes.openapi(create, async (c) => {
    const ring = requireRing(keyRing);
    const body = await readJsonBody(c, CreateApiKeySchema, limits.jsonBodyBytes);
    const { name, expires_at } = body;
    if (expires_at !== undefined && expires_at * 1000 <= now()) throw endsInThePast(expires_at);
    noteTarget(c, { key: name });
    if (await ring.isConfigured(name)) throw keyExists(name);
    const terms = {
      scopes: body.scopes,
      expiresAt: expires_at,
      datasets: body.datasets,
      models: body.models,
      requestsPerMinute: body.requests_per_minute,
      predictionsPerDay: body.predictions_per_day,
    };
    const made = await ring.records.create(name, terms, c.get('apiKey')?.name ?? '');
    ring.forget(name);
    return c.json({ ...toWireApiKey(made.record), secret: made.secret }, 201);
  });

  routes.openapi(list, async (c) => {
    const ring = requireRing(keyRing);
    const { found, hasMore } = await ring.records.list(c.req.valid('query'));
    const data = await mapConcurrently(found, async (one) => {
      if ('problem' in one) return toBrokenWireApiKey(one.name, one.problem);
      const key = toWireApiKey(one.record);
      return (await ring.isConfigured(key.name)) ? { ...key, problem: NAME_IS_CONFIGURED } : key;
    });
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(get, async (c) => {
    const { key } = c.req.valid('param');
    const record = await requireRing(keyRing).records.read(key);
    if (record === undefined) throw keyNotFound(key);
    return c.json(toWireApiKey(record), 200);
  });

  routes.openapi(current, (c) => c.json(toWireCurrentApiKey(c.get('apiKey')), 200));

  routes.openapi(rotate, async (c) => {
    const ring = requireRing(keyRing);
    const { key } = c.req.valid('param');
    const { grace_seconds } = await readJsonBody(c, RotateApiKeySchema, limits.jsonBodyBytes, {});
    const made = await ring.records.rotate(key, grace_seconds);
    ring.forget(key);
    return c.json({ ...toWireApiKey(made.record), secret: made.secret }, 200);
  });

  routes.openapi(revoke, async (c) => {
    const ring = requireRing(keyRing);
    const { key } = c.req.valid('param');
    await ring.records.remove(key);
    ring.forget(key);
    return c.json({ object: 'api_key' as const, name: key, deleted: true as const }, 200);
  });

  return routes;
}

/** What is wrong with a key whose name the operator has given to another since. */
const NAME_IS_CONFIGURED = {
  code: 'api-key-exists',
  message:
    "A key of the operator's file or secret has this name, so this one is refused. Revoke it and make another, or rename the operator's.",
};

/** @throws {FoveaError} `api-keys-unused`: a key of a server that asks for none would seem to protect something. */
function requireRing(ring: KeyRing | undefined): KeyRing {
  if (ring !== undefined) return ring;
  throw new FoveaError(
    'api-keys-unused',
    'This server requires no API keys, so keys of its store would protect nothing. Start it with one of its own (--api-keys FILE, or the ' +
      'environment variable FOVEA_API_KEY), and make others with that.',
  );
}

const endsInThePast = (expiresAt: number) =>
  new FoveaError(
    'request-invalid',
    `The request body is not valid. expires_at: ${expiresAt} is in the past. Give a time to come, in Unix seconds.`,
    { param: 'expires_at' },
  );
