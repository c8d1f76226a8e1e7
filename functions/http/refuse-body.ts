// Refuses a body where an operation reads none: what it says would be ignored in silence.

import type { Context } from 'hono';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { readBody } from './read-body.ts';

/** More than anybody sends by mistake. */
const MOST_BYTES = 65_536;

/**
 * Reads a body that should not be there.
 * @param advice where to send it instead.
 * @throws {FoveaError} `request-invalid` where there is one; what reading it throws.
 */
export async function refuseBody(c: Context<AppEnv>, advice: string): Promise<void> {
  if ((await readBody(c, MOST_BYTES)).byteLength > 0)
    throw new FoveaError('request-invalid', `The request has a body, and nothing reads it. ${advice}`);
}
