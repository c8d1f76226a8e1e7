// A request's body as it comes in, with the limit enforced while reading: what a Content-Length claims is never trusted.

import { FoveaError } from '../../core/errors.ts';

/**
 * The body, chunk by chunk; whoever stops reading in the middle cancels the rest.
 * @param advice what to do about one that is too large.
 * @throws {FoveaError} `body-too-large` as soon as more than `limitBytes` have come; `body-unreadable` where the client
 *   goes away in the middle.
 */
export async function* openBody(
  request: Request,
  limitBytes: number,
  advice = 'Send less, or in several requests.',
): AsyncGenerator<Uint8Array> {
  const claimedBytes = Number(request.headers.get('content-length') ?? 0);
  if (claimedBytes > limitBytes) throw tooLarge(limitBytes, `${claimedBytes} bytes announced`, advice);
  if (request.body === null) return;

  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  let sizeBytes = 0;
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await readChunk(reader);
      isOver = done;
      if (done) return;
      sizeBytes += value.byteLength;
      if (sizeBytes > limitBytes)
        throw tooLarge(limitBytes, `${sizeBytes} bytes read before stopping`, advice);
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
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
