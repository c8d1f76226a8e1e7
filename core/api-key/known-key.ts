// What is known of the API key of a request, wherever the key is kept.

import type { Scope } from './scope.ts';

/** A key that is valid. */
export interface KnownKey {
  /** No other key of the installation has it. */
  readonly name: string;
  /** When it was made, in Unix seconds; absent where that is not known. */
  readonly createdAt?: number | undefined;
  /** When it ends, in Unix seconds; absent where it does not. */
  readonly expiresAt?: number | undefined;
  /** At least one. */
  readonly scopes: readonly Scope[];
  /** The datasets that it may see and change, as `allows-name.ts` reads them; absent: all. */
  readonly datasets?: readonly string[] | undefined;
  /** The same of models. */
  readonly models?: readonly string[] | undefined;
  /** Requests that it may send in a minute; absent: any number. */
  readonly requestsPerMinute?: number | undefined;
  /** Pictures that it may have predicted on one day (UTC); absent: any number. */
  readonly predictionsPerDay?: number | undefined;
}

/** Finds the key that a client sent, if it is valid now. The time that it takes reveals nothing about other keys. */
export type FindKey = (secret: string) => Promise<KnownKey | undefined>;
