// The one error base of the project. Every failure that a user can meet is a FoveaError with a stable code of
// error-codes.ts; the mapping from codes to HTTP statuses lives in functions/, not here.

import type { ErrorCode } from './error-codes.ts';

/** What a {@link FoveaError} carries besides its message. */
export interface FoveaErrorOptions {
  /** The request field, option or object key at fault, e.g. `training_file`. */
  readonly param?: string;
  /** Machine-readable facts beside the message (received value, limit). Never secrets: this is sent to clients. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * A failure with a stable code.
 *
 * The message says what failed, the value received, what is allowed and what to do.
 */
export class FoveaError extends Error {
  override readonly name: string = 'FoveaError';
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: FoveaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param;
    this.details = options.details;
  }
}

/** True for a {@link FoveaError}, optionally with the given code. */
export function isFoveaError(error: unknown, code?: ErrorCode): error is FoveaError {
  return error instanceof FoveaError && (code === undefined || error.code === code);
}
