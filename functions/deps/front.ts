// What stands before a function: a distribution with a domain name, through which all requests must come, and the platform's own check of
// who calls.

import type { KnownKey } from '../../core/api-key/known-key.ts';

/** The only way to an installation whose function has an address of its own, too. */
export interface Front {
  /** Where clients reach it, e.g. `https://fovea.example.com`. */
  readonly origin: string;
  /** What the front sends with each request, and nobody else knows. */
  readonly secret: () => Promise<string>;
}

/**
 * Who sent a request that the platform has admitted before the function was called; undefined where it does not say so.
 * @param requestContext what the platform tells of the request.
 */
export type FindCaller = (requestContext: unknown) => KnownKey | undefined;
