// A group of routes: an OpenAPIHono whose refused parameters become the one error shape.

import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../deps/deps.ts';
import { toRequestInvalid } from './request-invalid.ts';

const WHERE: Readonly<Record<string, string>> = {
  query: 'The query string',
  param: 'The path',
  header: 'A header',
};

/** An empty group. The schemas of its routes check parameters; handlers check bodies, because they know the limits. */
export function createRoutes(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    // With a slash at its end, a path is answered as without.
    strict: false,
    defaultHook: (result) => {
      if (result.success) return;
      throw toRequestInvalid(
        result.error,
        WHERE[result.target] ?? 'The request',
        Reflect.get(result, 'data'),
      );
    },
  });
}
