// GET /v1/audit: who changed what.

import { AuditListSchema, toWireAuditEntry } from '../../api/audit.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import { createAuditLog } from '../../core/audit/audit-log.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const list = createRoute({
  operationId: 'listAuditEntries',
  method: 'get',
  path: '/v1/audit',
  tags: ['Keys'],
  summary: 'List requests that changed something, newest first',
  description:
    'Each has the key, the operation, what it names and the status of its answer; also those that were refused for what the key may not ' +
    'do. Predictions are not in it, nor names of pictures.',
  request: { query: PageQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: AuditListSchema } } },
    ...errorResponses(),
  },
});

/** The route of the audit log. */
export function auditRoutes({ store, now }: AppDeps) {
  const routes = createRoutes();
  const log = createAuditLog({ store, now });

  routes.openapi(list, async (c) => {
    const { entries, hasMore } = await log.list(c.req.valid('query'));
    return c.json({ object: 'list' as const, data: entries.map(toWireAuditEntry), has_more: hasMore }, 200);
  });

  return routes;
}
