// The digits at the end of ids: random ones, or those of a request, so that the same request makes the same id. Knows no kind of id.

import { randomBytes } from 'node:crypto';

/** What the id of a thing is made of where the same request must make the same. */
export interface IdParts {
  /** When it was asked for, in Unix milliseconds. */
  readonly ms: number;
  /** Hexadecimal digits that nobody can guess, as many as any id has. */
  readonly digits: string;
}

/**
 * Makes the end of an id that a time or a prefix begins.
 * @param bytes how many bytes they stand for, two digits each.
 * @param given hexadecimal digits, of which the first are taken. Default: random ones.
 */
export const idDigits = (bytes: number, given: string = randomBytes(bytes).toString('hex')): string =>
  given.slice(0, 2 * bytes);
