// GET /v1/usage: what the installation was used for.

import { toWireUsageRow, UsageQuerySchema, UsageSchema } from '../../api/usage.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { summarizeUsage } from '../../core/usage/summarize-usage.ts';
import { dayOf } from '../../core/usage/usage-counter.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
/** As long as counts are kept. */
const MAX_DAYS = 400;

const getUsage = createRoute({
  operationId: 'getUsage',
  method: 'get',
  path: '/v1/usage',
  tags: ['Keys'],
  summary: 'Jobs, machine time, cost and predictions, by day, key and model',
  description:
    'Predictions are counted by each process and written every 5 seconds, so the last ones may be missing, and a process that is killed ' +
    'loses them. Counts are kept for 400 days.',
  request: { query: UsageQuerySchema },
  responses: {
    200: { description: 'The sums.', content: { 'application/json': { schema: UsageSchema } } },
    ...errorResponses(),
  },
});

/** The route of usage. */
export function usageRoutes({ store, jobs, usage, now }: AppDeps) {
  const routes = createRoutes();

  routes.openapi(getUsage, async (c) => {
    const query = c.req.valid('query');
    const to = query.to ?? dayOf(now());
    const from = query.from ?? dayOf(Date.parse(to) - DEFAULT_DAYS * DAY_MS);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
    if (days < 0 || days > MAX_DAYS)
      throw new FoveaError(
        'request-invalid',
        `The query string is not valid. from: "${from}" must be at most ${MAX_DAYS} days before "${to}", and not after it.`,
        { param: 'from' },
      );
    await usage?.flush();
    const rows = await summarizeUsage({ store, jobs }, from, to);
    return c.json({ object: 'list' as const, data: rows.map(toWireUsageRow), from, to }, 200);
  });

  return routes;
}
