// Answers requests that no route takes: 405 with `Allow` for the wrong method, 404 with the nearest routes for an unknown
// path.

import type { Context } from 'hono';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { type FindErrorShape, retryHeaders, toErrorBody } from './error-response.ts';
import { nearest } from './nearest.ts';
import { segmentsOf, toTemplate } from './route-template.ts';

/** A route that the app has. */
export interface RouteEntry {
  readonly method: string;
  /** Pattern as Hono writes it, e.g. `/v1/models/:model`. */
  readonly path: string;
}

const ROUTES_SUGGESTED = 3;
const SHOWN_CHARACTERS = 120;

/**
 * The app's handler for requests that no route takes.
 * @param routes gives all routes; it is called at such a request, when all are registered.
 * @param shapeOf of the body, by request.
 */
export function createNotFoundHandler(routes: () => readonly RouteEntry[], shapeOf: FindErrorShape) {
  return (c: Context<AppEnv>): Response => {
    const { method, path } = c.req;
    const shape = shapeOf(c.req);
    const table = routes().filter((route) => route.method !== 'ALL');
    const allowed = methodsOf(table, path);
    const shown = path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}…` : path;
    if (allowed.length > 0) {
      const error = new FoveaError(
        'method-not-allowed',
        `${method} is not possible on "${shown}"; ${allowed.join(', ')} ${allowed.length === 1 ? 'is' : 'are'}.`,
        { details: { received: method, allowed } },
      );
      return c.json(shape(toErrorBody(error), 405), 405, {
        ...retryHeaders(error.code),
        Allow: allowed.join(', '),
      });
    }
    const known = [...new Set(table.map((route) => `${route.method} ${toTemplate(route.path)}`))];
    const near = nearest(`${method} ${path.slice(0, SHOWN_CHARACTERS)}`, known, ROUTES_SUGGESTED);
    const error = new FoveaError(
      'route-not-found',
      `There is nothing at ${method} "${shown}". Near it: ${near.join(', ')}. GET /docs describes every route.`,
      { details: { near } },
    );
    return c.json(shape(toErrorBody(error), 404), 404, retryHeaders(error.code));
  };
}

/**
 * The methods that the description of the API has for a path; a route for GET answers HEAD too. Of several patterns OpenAPI takes the one
 * whose segments are fixed: `/files/content` is that route, and not the file `content` of a class `files`. So does a segment of a certain
 * form stand before any: `fruit:predict` is no name of a model.
 */
export function methodsOf(routes: readonly RouteEntry[], path: string): string[] {
  const segments = path.split('/');
  const matching = routes.filter(
    (route) => route.path !== '*' && route.path !== '/*' && matches(segmentsOf(route.path), segments),
  );
  const most = Math.max(...matching.map(fixedSegments));
  const methods = matching.filter((route) => fixedSegments(route) === most).map((route) => route.method);
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

const fixedSegments = ({ path }: RouteEntry) =>
  segmentsOf(path).reduce(
    (sum, part) => sum + (part.startsWith(':') ? (part.endsWith('}') ? 0.5 : 0) : 1),
    0,
  );

const matches = (pattern: readonly string[], segments: readonly string[]) =>
  pattern.length === segments.length &&
  pattern.every((part, index) => matchesSegment(part, segments[index] ?? ''));

function matchesSegment(part: string, segment: string): boolean {
  if (!part.startsWith(':')) return part === segment;
  const allowed = /\{(.*)\}$/.exec(part)?.[1];
  return allowed === undefined ? segment !== '' : new RegExp(`^(?:${allowed})$`).test(segment);
}
