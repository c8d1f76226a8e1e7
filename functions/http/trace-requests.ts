// Gives every request a span.

import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps/deps.ts';
import type { Tracing } from '../deps/tracing.ts';
import { routeTemplate } from './route-template.ts';

/** From this status on an answer is a failure of the server. */
const SERVER_FAILURE = 500;

/** Middleware around all others. The span has the names of routes and models, and nothing that a client has sent besides. */
export function traceRequests(tracing: Tracing) {
  return createMiddleware<AppEnv>((c, next) =>
    tracing.request(c.req.raw.headers, async (span) => {
      c.set('span', span);
      await next();
      c.header('traceresponse', span.traceResponse);
      const route = routeTemplate(c);
      const { method } = c.req;
      const operation = c.get('operation');
      const predicted = c.get('predicted');
      const facts = {
        'http.request.method': method,
        'http.response.status_code': c.res.status,
        'fovea.request_id': c.get('requestId'),
        ...(route === undefined ? {} : { 'http.route': route }),
        ...(operation === undefined ? {} : { 'fovea.operation': operation }),
        ...(predicted === undefined
          ? {}
          : { 'fovea.model': predicted.model, 'fovea.model_version': predicted.version }),
      };
      span.answered(
        route === undefined ? method : `${method} ${route}`,
        facts,
        c.res.status >= SERVER_FAILURE,
      );
    }),
  );
}
