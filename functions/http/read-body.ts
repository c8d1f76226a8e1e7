// Request bodies to bytes, with the limit enforced while reading: what a Content-Length claims is never trusted.

import { FoveaError } from '../../core/errors.ts';

/**
 * The whole body.
 * @param advice what to do about one that is too large.
 * @throws {FoveaError} `body-too-large` as soon as more than `limitBytes` have come; `body-unreadable` where the client
 *   goes away in the middle.
 */
export async function readBody(
  request: Request,
  limitBytes: number,
  advice = 'Send less, or in several requests.',
): Promise<Uint8Array> {
  const claimedBytes = Number(request.headers.get('content-length') ?? 0);
  if (claimedBytes > limitBytes) throw tooLarge(limitBytes, `${claimedBytes} bytes announced`, advice);
  if (request.body === null) return new Uint8Array();

  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = await readChunk(reader);
    if (done) break;
    sizeBytes += value.byteLength;
    if (sizeBytes > limitBytes) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge(limitBytes, `${sizeBytes} bytes read before stopping`, advice);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, sizeBytes);
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new FoveaError('body-unreadable', 'The request body ended before it was complete. Send it again.', {
      cause,
    });
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
