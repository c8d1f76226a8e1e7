// GET /metrics: what a server measures of itself, for Prometheus. It is no operation of the API's description.

import { metricsNamespace } from '../../core/environment.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { createRoutes } from '../http/app-routes.ts';
import { requireApiKey } from '../http/require-api-key.ts';
import { requireNames } from '../http/require-names.ts';
import { requireScope } from '../http/require-scope.ts';
import type { RouteDeps } from './route-deps.ts';

/** A function does not know the name of its stack. */
const NAMESPACE = metricsNamespace('<stack>');

/** The route of the metrics. It needs a key where the server has keys, unless its operator says otherwise. */
export function metricsRoutes({ keyRing, limitRate, metrics, metricsScope = 'admin' }: RouteDeps) {
  const routes = createRoutes();
  if (metrics === undefined) {
    routes.get('/metrics', () => {
      throw new FoveaError(
        'metrics-elsewhere',
        `This installation is a function, each copy of which knows of itself alone. Its metrics are in CloudWatch, in the namespace "${NAMESPACE}".`,
        { details: { namespace: NAMESPACE } },
      );
    });
    return routes;
  }
  const guards =
    metricsScope === 'none' || keyRing === undefined
      ? []
      : [requireApiKey(keyRing.find), limitRate, requireScope(metricsScope), requireNames(undefined)];
  for (const guard of guards) routes.use('/metrics', guard);
  routes.get('/metrics', async (c) => {
    const { text, contentType } = await metrics.scrape();
    return c.body(text, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
  });
  return routes;
}
