// GET /v1/architectures: the networks that can be trained and planned.

import { ArchitectureListSchema, toWireArchitecture, type WireArchitecture } from '../../api/architecture.ts';
import { ARCHITECTURES } from '../../core/network/architectures/architectures.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const list = createRoute({
  operationId: 'listArchitectures',
  method: 'get',
  path: '/v1/architectures',
  tags: ['Networks'],
  summary: 'List architectures',
  responses: {
    200: {
      description: 'Every architecture, about the smallest first.',
      content: { 'application/json': { schema: ArchitectureListSchema } },
    },
    ...errorResponses(),
  },
});

/** The route that lists all networks. */
export function architectureRoutes() {
  const routes = createRoutes();
  /** Kept, because building all networks takes a while and gives the same every time. */
  let data: WireArchitecture[] | undefined;

  routes.openapi(list, (c) => {
    data ??= ARCHITECTURES.map(toWireArchitecture);
    return c.json({ object: 'list' as const, data }, 200);
  });

  return routes;
}
