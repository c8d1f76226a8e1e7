// What a FoveaError is made of, for where it crosses to another thread as a message.

import type { ErrorCode } from './error-codes.ts';
import { FoveaError } from './errors.ts';

/** A {@link FoveaError} without its class and its cause. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | undefined;
  readonly details: FoveaError['details'];
}

/** The facts of an error. */
export const factsOf = ({ code, message, param, details }: FoveaError): ErrorFacts => ({
  code,
  message,
  param,
  details,
});

/** The error of these facts. */
export const errorOf = ({ code, message, param, details }: ErrorFacts): FoveaError =>
  new FoveaError(code, message, {
    ...(param === undefined ? {} : { param }),
    ...(details === undefined ? {} : { details }),
  });
