// Gives every failure one shape, `{ error: { message, type, param, code } }`. It is OpenAI's, with `details` added where
// there are facts beside the message, and headers that say whether to try again. Internal details never leave the server.

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { toSnakeCased } from '../../api/snake-case.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Logger } from '../deps/logger.ts';
import { answerTo } from './error-status.ts';
import { hideNames } from './hide-names.ts';
import { routeTemplate } from './route-template.ts';

/** The body of every failure. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: 'invalid_request_error' | 'server_error';
    readonly param: string | null;
    readonly code: ErrorCode;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly request_id?: string;
  };
}

/** The body for a `FoveaError`. */
export function toErrorBody(error: FoveaError): ErrorBody {
  return {
    error: {
      message: error.message,
      type: answerTo(error.code).status < 500 ? 'invalid_request_error' : 'server_error',
      param: error.param ?? null,
      code: error.code,
      ...(error.details === undefined ? {} : { details: toSnakeCased(error.details) }),
    },
  };
}

/**
 * The headers that say whether to send the request again: `Retry-After` for everybody, `X-Should-Retry` for OpenAI's
 * SDKs, which obey it.
 * @param details of the error; its `retryAfterSeconds` counts before the time that every error of the code has.
 */
export function retryHeaders(
  code: ErrorCode,
  details?: FoveaError['details'],
): Readonly<Record<string, string>> {
  const { retry } = answerTo(code);
  const known = details?.['retryAfterSeconds'];
  const seconds = typeof known === 'number' ? known : typeof retry === 'number' ? retry : undefined;
  return {
    'X-Should-Retry': String(typeof retry === 'number'),
    ...(seconds === undefined ? {} : { 'Retry-After': String(seconds) }),
  };
}

/** Gives a failure the shape that the clients of a protocol read. */
export type ErrorShape = (body: ErrorBody, status: number) => object;
/** The shape of this API. */
export const OWN_SHAPE: ErrorShape = (body) => body;
/** The shape in which a request has its errors. */
export type FindErrorShape = (request: { readonly method: string; readonly path: string }) => ErrorShape;

/**
 * An error handler. It answers a `FoveaError` by its code, and everything else with a 500 that only the log explains.
 * @param shapeOf of the body, by request.
 */
export function createErrorHandler(logger: Logger, shapeOf: FindErrorShape) {
  return (error: Error, c: Context<AppEnv>): Response => {
    const shape = shapeOf(c.req);
    const found = toKnownError(error, c.req.raw.signal.aborted);
    if (found !== undefined) {
      const known = hideNames(c, found);
      const { status } = answerTo(known.code);
      const request_id = c.get('requestId');
      if (known.code === 'server-busy' || known.code === 'deadline-passed')
        logger.warn('request refused', { request_id, code: known.code, reason: known.message });
      else if (status >= 500) logger.error('request failed', { request_id, error });
      return c.json(shape(toErrorBody(known), status), status, retryHeaders(known.code, known.details));
    }
    const requestId = c.get('requestId');
    logger.error('unexpected error', {
      request_id: requestId,
      method: c.req.method,
      route: routeTemplate(c) ?? null,
      error,
    });
    const body: ErrorBody = {
      error: {
        message: `Something failed on our side that should not have. The log explains request "${requestId}".`,
        type: 'server_error',
        param: null,
        code: 'internal-error',
        request_id: requestId,
      },
    };
    const { status } = answerTo('internal-error');
    return c.json(shape(body, status), status, retryHeaders('internal-error'));
  };
}

function toKnownError(error: Error, isAborted: boolean): FoveaError | undefined {
  if (error instanceof FoveaError) return error;
  // Nobody will read this answer; it only keeps the client's leaving from looking like our failure.
  if (isAborted)
    return new FoveaError('body-unreadable', 'The client went away before the request was answered.');
  // Thrown by Hono's own validators, before a handler runs.
  if (error instanceof HTTPException && error.status === 400)
    return new FoveaError('request-invalid', error.message);
  return undefined;
}
