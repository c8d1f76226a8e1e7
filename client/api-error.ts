// The ways in which a call of the API fails.

import type { z } from 'zod';
import type { ErrorSchema } from '../api/error.ts';

/** What an error says besides its status, code and message. */
export type ApiErrorFacts = Partial<
  Pick<z.infer<typeof ErrorSchema>['error'], 'param' | 'details'> & {
    readonly requestId: string;
    /** Seconds after which the same request may succeed. */
    readonly retryAfterSeconds: number;
    /** Whether something other than Fovea answered, e.g. a proxy or another server. */
    readonly isForeign: boolean;
  }
>;

/** An answer of the API that is an error. Its message is the API's, and says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The status of HTTP, 400 to 599; also another one where {@link isForeign}. */
  readonly status: number;
  /** A stable code such as `model-not-found`; null where the answer came from something before the API, e.g. a proxy. */
  readonly code: string | null;
  /** The field, parameter or header at fault; null where none is. */
  readonly param: string | null;
  /** The facts of the message by name. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The id under which the server's log tells more. */
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Whether something other than Fovea answered, e.g. a proxy or another server. */
  readonly isForeign: boolean;

  constructor(status: number, code: string | null, message: string, facts: ApiErrorFacts = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = facts.param ?? null;
    this.details = facts.details ?? {};
    this.requestId = facts.requestId;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.isForeign = facts.isForeign === true;
  }
}

/** No server answers, or the connection broke off. Its cause is what the runtime says of it. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Where the server was looked for. */
  readonly url: string;

  constructor(url: string, error: unknown) {
    // Runtimes put the reason of "fetch failed" into its cause.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    super(`No server answers at ${url}: ${reasonOf(cause)}.`, { cause });
    this.url = url;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where several addresses were tried, only the code tells something.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name;
}

/** Something answers that does not speak this API, or another version of it. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor(call: string, problem: string) {
    super(
      `${call} was not answered as this version of Fovea expects: ${problem}. The server may be of another version, or no server of Fovea.`,
    );
  }
}
