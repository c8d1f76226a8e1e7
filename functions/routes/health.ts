// Says whether the process lives, and whether it can serve requests.

import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { STORAGE_CODES } from '../../core/errors/storage-codes.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';

const live = z.literal(true).meta({ description: 'The process answers.' });

const HealthSchema = z
  .object({ live, version: z.string().meta({ description: 'The version of Fovea.' }) })
  .meta({ id: 'Health', description: 'The process lives.' });
const ReadySchema = z
  .object({
    ready: z.boolean().meta({ description: 'Whether requests can be served.' }),
    live,
    reason: z.string().optional().meta({ description: 'Why requests cannot be served.' }),
    code: z.string().optional().meta({ description: 'The code of the error, where it has one.' }),
  })
  .meta({ id: 'Ready', description: 'Whether requests can be served.' });
const content = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const TAGS = ['Health'];

const healthz = createRoute({
  operationId: 'getHealth',
  method: 'get',
  path: '/healthz',
  tags: TAGS,
  summary: 'Whether the process answers',
  responses: { 200: { description: 'It does.', content: content(HealthSchema) } },
});

const readyz = createRoute({
  operationId: 'getReadiness',
  method: 'get',
  path: '/readyz',
  tags: TAGS,
  summary: 'Whether requests can be served: the object store answers and can be written to',
  responses: {
    200: { description: 'Ready.', content: content(ReadySchema) },
    503: { description: 'Not ready.', content: content(ReadySchema) },
  },
});

/** The routes that monitors and load balancers ask. They need no API key. */
export function healthRoutes({ store, checkWritable, isStopping, version, logger }: AppDeps) {
  const routes = createRoutes();

  routes.openapi(healthz, (c) => c.json({ live: true as const, version }, 200));

  routes.openapi(readyz, async (c) => {
    if (isStopping?.() === true)
      return c.json(
        { ready: false, live: true as const, reason: 'The server is stopping.', code: 'server-stopping' },
        503,
      );
    try {
      // Any key that the API may read does; that there is no such object is an answer, too.
      await store.head(keys.idempotency('ready'));
      await checkWritable?.();
      return c.json({ ready: true, live: true as const }, 200);
    } catch (error) {
      logger.error('not ready', { request_id: c.get('requestId'), error });
      return c.json({ ready: false, live: true as const, ...reasonOf(error) }, 503);
    }
  });

  return routes;
}

/** The general text of the code, because the error's own message may name buckets and folders. */
const reasonOf = (error: unknown): { readonly reason: string; readonly code?: ErrorCode } =>
  isFoveaError(error) && error.code in STORAGE_CODES
    ? { reason: STORAGE_CODES[error.code as keyof typeof STORAGE_CODES], code: error.code }
    : { reason: 'The object store does not answer.' };
