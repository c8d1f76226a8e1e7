// Opens the body of a request: decompressed, with every limit enforced while it arrives. A Content-Length is never trusted.

import type { Context } from 'hono';
import { unixMs } from '../../core/clock.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { decompress } from './decompress.ts';
import { readChunks } from './read-chunks.ts';

/**
 * The body, chunk by chunk. A reader that stops early cancels the rest.
 * @param limitBytes the limit before and after decompression.
 * @param advice says what to do about a body that is too large.
 * @param isKept whether chunks stay in memory until the request is over, and count as such.
 * @throws {FoveaError} `body-too-large` as soon as more than `limitBytes` have arrived; `server-busy` where the bodies
 * of all requests together are too large, or its place is wanted; `body-timeout` and `body-unreadable` where the client stalls or disconnects;
 * `content-encoding-unsupported` and `content-encoding-invalid`.
 */
export async function* openBody(
  c: Context<AppEnv>,
  limitBytes: number,
  advice = 'Send less, or in several requests.',
  isKept = true,
): AsyncGenerator<Uint8Array> {
  const { body, headers } = c.req.raw;
  const claimedBytes = Number(headers.get('content-length') ?? 0);
  if (claimedBytes > limitBytes) throw tooLarge(limitBytes, `${claimedBytes} bytes announced`, advice);
  if (body === null) return;

  const { share, stallMs, signal } = c.get('bodyTerms');
  let sizeBytes = 0;
  let isRead = false;
  const startMs = unixMs();
  try {
    for await (const chunk of decompress(
      readChunks(body, stallMs, signal),
      headers.get('content-encoding'),
    )) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limitBytes)
        throw tooLarge(limitBytes, `${sizeBytes} bytes read before stopping`, advice);
      if (isKept) share.take(chunk.byteLength);
      c.get('requestHash')?.update(chunk);
      yield chunk;
    }
    isRead = true;
  } finally {
    const facts = { 'http.request.body.size': sizeBytes };
    c.get('span')?.note({ name: 'read', startMs, endMs: unixMs(), facts });
    // The rest is in the connection, which is closed, so that the client does not send its next request there.
    if (!isRead) c.header('Connection', 'close');
  }
}

const MIB = 1024 * 1024;
const tooLarge = (limitBytes: number, received: string, advice: string) =>
  new FoveaError(
    'body-too-large',
    `The request body is too large: ${received}, at most ${limitBytes} bytes (${(limitBytes / MIB).toFixed(1)} MiB) are ` +
      `taken. ${advice}`,
    { details: { limit_bytes: limitBytes } },
  );
