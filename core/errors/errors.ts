// The one error class of the project. Every failure that a user can meet is a FoveaError with a stable code of error-codes.ts. Knows
// no HTTP statuses.

import type { ErrorCode } from './error-codes.ts';

/** What a {@link FoveaError} carries besides its message. */
export interface FoveaErrorOptions {
  /** The request field, option or object key at fault, e.g. `training_file`. */
  readonly param?: string;
  /** The facts of the message for programs (received value, limit). Never secrets, since clients get them. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * A failure that a user can meet, with a stable code.
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

/** Whether an error is a {@link FoveaError}, and has the given code where one is given. */
export function isFoveaError(error: unknown, code?: ErrorCode): error is FoveaError {
  return error instanceof FoveaError && (code === undefined || error.code === code);
}
