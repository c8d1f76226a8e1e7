// Request bodies to bytes.

import type { Context } from 'hono';
import type { AppEnv } from '../deps/deps.ts';
import { openBody } from './open-body.ts';

/**
 * The whole body.
 * @param advice what to do about one that is too large.
 * @throws {FoveaError} As {@link openBody}.
 */
export async function readBody(c: Context<AppEnv>, limitBytes: number, advice?: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openBody(c, limitBytes, advice)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
