// Reads the whole body of a request into memory.

import type { Context } from 'hono';
import type { AppEnv } from '../deps/deps.ts';
import { openBody } from './open-body.ts';

/**
 * The bytes of the whole body.
 * @param advice says what to do about a body that is too large.
 * @throws {FoveaError} As {@link openBody}.
 */
export async function readBody(c: Context<AppEnv>, limitBytes: number, advice?: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openBody(c, limitBytes, advice)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
