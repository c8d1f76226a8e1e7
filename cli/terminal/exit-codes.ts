// Exit codes of the command, by which scripts decide.

import { InterruptedError } from './until-interrupted.ts';

/** Exit codes and what they mean. After a signal the code is 128 and the number of the signal. */
export const EXIT_CODES = {
  done: 0,
  /** What was asked for failed, or its result is not good enough, e.g. a job that failed. */
  failed: 1,
  /** The arguments are wrong. */
  usage: 2,
  /** No server answers, or what answers is not Fovea. */
  noServer: 3,
  /** The key is missing, unknown, or does not allow it. */
  refused: 4,
  /** There is no such dataset, model, job or file. */
  notFound: 5,
} as const;

/** The outcome is not good; what is wrong was printed already. */
export class FailedError extends Error {
  override readonly name = 'FailedError';
}

/** A question that nobody can answer, since there is no terminal; or arguments that do not go together. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for is not there, and the server was not asked for it by name. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** A step failed. Its cause says why, and gives the exit code. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

/** What is wrong with the arguments of a command that does not ask a server. */
const USAGE_ERRORS: ReadonlySet<unknown> = new Set([
  'architecture-unknown',
  'channels-unsupported',
  'classes-out-of-range',
  'gpu-unknown',
  'input-too-large',
  'input-too-small',
  'layer-unknown',
  'price-invalid',
]);

/** The exit code for an error that ended a command. Errors of the client are known by their names: it is loaded when it is used. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode;
  if (error instanceof StepError) return exitCodeOf(error.cause);
  if (!(error instanceof Error)) return EXIT_CODES.failed;
  if (error instanceof UsageError || error.name === 'CommanderError') return EXIT_CODES.usage;
  if (error instanceof NotFoundError) return EXIT_CODES.notFound;
  if (error.name === 'ConnectionError' || error.name === 'UnexpectedAnswerError') return EXIT_CODES.noServer;
  if (error.name === 'FoveaError' && 'code' in error && USAGE_ERRORS.has(error.code)) return EXIT_CODES.usage;
  if (error.name !== 'ApiError' || !('status' in error)) return EXIT_CODES.failed;
  if (error.status === 401 || error.status === 403) return EXIT_CODES.refused;
  if ('isForeign' in error && error.isForeign === true) return EXIT_CODES.noServer;
  return error.status === 404 ? EXIT_CODES.notFound : EXIT_CODES.failed;
}
