// Reads the chunks of a body from a client that may be slow, or gone.

import { FoveaError } from '../../core/errors/errors.ts';
import { orAborted } from '../../core/or-aborted.ts';

/** Bytes that a client sends at least within the time that it may stall. */
const PROGRESS_BYTES = 16_384;
/**
 * Within the time that it may stall, a client sends at least one twelfth of what it has sent so far; the whole body may take
 * twelve times as long. So a client that holds much memory has to hurry. One that sends at an even rate meets both limits at once.
 */
const STALLS = 12;

/**
 * The chunks of a stream. A reader that stops early cancels the rest.
 * @param stallMs how long to wait for the next {@link PROGRESS_BYTES}, or for a twelfth of what has arrived where that
 * is more; the whole body may take twelve times as long. Time in which nobody reads does not count.
 * @param signal ends the wait for a chunk.
 * @throws {FoveaError} `body-timeout`, `body-unreadable`; the reason of the signal.
 */
export async function* readChunks(
  stream: ReadableStream<Uint8Array>,
  stallMs: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  let isOver = false;
  let waitedMs = 0;
  let wholeMs = 0;
  let progressBytes = 0;
  let wholeBytes = 0;
  try {
    for (;;) {
      const askedMs = performance.now();
      const { done, value } = await readChunk(
        reader,
        Math.min(stallMs - waitedMs, stallMs * STALLS - wholeMs),
        signal,
      );
      isOver = done;
      if (done) return;
      const readMs = performance.now() - askedMs;
      waitedMs += readMs;
      wholeMs += readMs;
      progressBytes += value.byteLength;
      wholeBytes += value.byteLength;
      if (progressBytes >= Math.max(PROGRESS_BYTES, wholeBytes / STALLS)) {
        progressBytes = 0;
        waitedMs = 0;
      }
      yield value;
    }
  } finally {
    if (!isOver) reader.cancel().catch(() => undefined);
  }
}

/** @throws {FoveaError} `body-timeout`, `body-unreadable`; the reason of the signal. */
async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
) {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), Math.max(0, timeoutMs));
  });
  const chunk = reader.read();
  try {
    return await Promise.race([signal === undefined ? chunk : orAborted(chunk, signal), stalled]);
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    throw new FoveaError(
      'body-unreadable',
      'The request body ended before it was complete. Send the request again.',
      {
        cause,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

const tooSlow = () =>
  new FoveaError(
    'body-timeout',
    'The request body arrived too slowly, or stopped arriving, and the server stopped waiting. Send the request again.',
  );
