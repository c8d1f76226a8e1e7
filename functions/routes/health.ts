// Says whether the process lives, and whether it can serve requests.

import { z } from '@hono/zod-openapi';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { findUnready } from './find-unready.ts';

const live = z.literal(true).meta({ description: 'The process answers.' });

const HealthSchema = z
  .object({
    live,
    version: z.string().meta({ description: 'The version of Fovea.' }),
    keeps_feedback: z
      .boolean()
      .meta({ description: 'Whether pictures that come with the right label are kept.' }),
  })
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
export function healthRoutes(deps: AppDeps) {
  const routes = createRoutes();

  routes.openapi(healthz, (c) =>
    c.json({ live: true as const, version: deps.version, keeps_feedback: deps.keepsFeedback ?? false }, 200),
  );

  routes.openapi(readyz, async (c) => {
    const unready = await findUnready(deps, c.get('requestId'));
    return unready === undefined
      ? c.json({ ready: true, live: true as const }, 200)
      : c.json({ ready: false, live: true as const, ...unready }, 503);
  });

  return routes;
}
