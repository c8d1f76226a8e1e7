// The chunks of a body, from a client that may be slow, or gone.

import { FoveaError } from '../../core/errors.ts';

/** What a client that goes on sends within the time that it may stall. */
const PROGRESS_BYTES = 16_384;

/**
 * The chunks of a stream; whoever stops reading in the middle cancels the rest.
 * @param stallMs how long to wait for the next {@link PROGRESS_BYTES}; time in which nobody reads does not count.
 * @throws {FoveaError} `body-timeout`, `body-unreadable`.
 */
export async function* readChunks(
  stream: ReadableStream<Uint8Array>,
  stallMs: number,
): AsyncGenerator<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  let isOver = false;
  let waitedMs = 0;
  let progressBytes = 0;
  try {
    for (;;) {
      const askedMs = performance.now();
      const { done, value } = await readChunk(reader, stallMs - waitedMs);
      isOver = done;
      if (done) return;
      waitedMs += performance.now() - askedMs;
      progressBytes += value.byteLength;
      if (progressBytes >= PROGRESS_BYTES) {
        progressBytes = 0;
        waitedMs = 0;
      }
      yield value;
    }
  } finally {
    if (!isOver) reader.cancel().catch(() => undefined);
  }
}

/** @throws {FoveaError} `body-timeout`, `body-unreadable`. */
async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>, timeoutMs: number) {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), Math.max(0, timeoutMs));
  });
  try {
    return await Promise.race([reader.read(), stalled]);
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    throw new FoveaError('body-unreadable', 'The request body ended before it was complete. Send it again.', {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

const tooSlow = () =>
  new FoveaError(
    'body-timeout',
    'The request body stopped coming, or came too slowly, and the server stopped waiting for it. Send it again.',
  );
