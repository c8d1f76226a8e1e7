// GET /v1/workers: the machines that take jobs from the store of this server.

import { toWireWorker, WorkerListSchema } from '../../api/worker.ts';
import { createWorkerRecords } from '../../core/job/queues/workers/worker-records.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const list = createRoute({
  operationId: 'listWorkers',
  method: 'get',
  path: '/v1/workers',
  tags: ['Workers'],
  summary: 'List workers: what each offers, when it was last seen, and its job at hand',
  responses: {
    200: {
      description: 'All of them; a worker that was not seen for an hour is forgotten.',
      content: { 'application/json': { schema: WorkerListSchema } },
    },
    ...errorResponses(),
  },
});

/** The route that lists workers. */
export function workerRoutes({ store, now }: AppDeps) {
  const routes = createRoutes();
  const workers = createWorkerRecords({ store, now });

  routes.openapi(list, async (c) => {
    const data = (await workers.list()).map(toWireWorker);
    return c.json({ object: 'list' as const, data }, 200);
  });

  return routes;
}
