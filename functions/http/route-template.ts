// Says which route answered a request, by its template: what logs and metrics may name, since a path may hold anything.

import type { Context } from 'hono';
import { routePath } from 'hono/route';
import type { AppEnv } from '../deps/deps.ts';

/** The segments of a pattern as Hono writes it. The expression of a segment may have a slash. */
export const segmentsOf = (pattern: string): string[] => pattern.split(/\/(?![^{]*\})/);

/** A pattern as Hono writes it, `/v1/models/:model`, as `/v1/models/{model}`. */
export const toTemplate = (pattern: string): string =>
  segmentsOf(pattern)
    .map((part) => part.replace(/^:([^{]+)(\{.*\})?$/, '{$1}'))
    .join('/');

/** The template of the route that answered; `undefined` where none did. Asked after the answer. */
export function routeTemplate(c: Context<AppEnv>): string | undefined {
  const pattern = routePath(c);
  return pattern.endsWith('*') ? undefined : toTemplate(pattern);
}
