// Every failure leaves as one shape, `{ error: { message, type, param, code } }`: OpenAI's, with `details` added where
// there are facts beside the message. Nothing internal leaves at all.

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { FoveaError } from '../../core/errors.ts';
import type { AppEnv } from '../deps.ts';
import type { Logger } from '../logger.ts';
import { type ErrorStatus, statusOf } from './error-status.ts';

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: 'invalid_request_error' | 'server_error';
    readonly param: string | null;
    readonly code: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly request_id?: string;
  };
}

/** The body for an error that a client may see. */
export function toErrorBody(error: FoveaError, status: ErrorStatus): ErrorBody {
  return {
    error: {
      message: error.message,
      type: status < 500 ? 'invalid_request_error' : 'server_error',
      param: error.param ?? null,
      code: error.code,
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
}

/** The app's error handler: typed errors by their code, everything else as a 500 that only the log explains. */
export function createErrorHandler(logger: Logger) {
  return (error: Error, c: Context<AppEnv>): Response => {
    const known = toKnownError(error, c.req.raw.signal.aborted);
    const status = known === undefined ? undefined : statusOf(known.code);
    if (known !== undefined && status !== undefined) {
      if (status >= 500) logger.error('request failed', { request_id: c.get('requestId'), error });
      return c.json(toErrorBody(known, status), status);
    }
    const requestId = c.get('requestId');
    logger.error('unexpected error', {
      request_id: requestId,
      method: c.req.method,
      path: c.req.path,
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
    return c.json(body, 500);
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
