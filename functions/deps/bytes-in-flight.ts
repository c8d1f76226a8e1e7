// Counts how many bytes of request bodies are in memory, over all requests together. Knows nothing of what they are.

import { FoveaError } from '../../core/errors/errors.ts';

/** What one request holds of the memory for request bodies. */
export interface BodyShare {
  /** @throws {FoveaError} `server-busy` where all requests together would hold more than is allowed. */
  take(bytes: number): void;
  /** Gives everything back; to be called once, when the request is over in whatever way. */
  release(): void;
}

/** The terms on which the body of a request is read. */
export interface BodyTerms {
  readonly share: BodyShare;
  /** How long a client may send nothing, or next to nothing, in milliseconds. */
  readonly stallMs: number;
  /** Ends the reading where it is aborted, e.g. where others need the request's place. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a share for each request; all shares together hold at most `limitBytes`. Bytes count when they arrive, not when
 * a header announces them: a client that sends nothing holds nothing.
 */
export function createBytesInFlight(limitBytes: number): () => BodyShare {
  let heldBytes = 0;
  return () => {
    let shareBytes = 0;
    return {
      take(bytes) {
        if (heldBytes + bytes > limitBytes) throw busy(heldBytes, limitBytes);
        heldBytes += bytes;
        shareBytes += bytes;
      },
      release() {
        heldBytes -= shareBytes;
        shareBytes = 0;
      },
    };
  };
}

const busy = (heldBytes: number, limitBytes: number) =>
  new FoveaError(
    'server-busy',
    `The requests in progress hold ${heldBytes} bytes, and ${limitBytes} is all that this server reads at once. Send the ` +
      'request again when the time in Retry-After has passed.',
    { details: { held_bytes: heldBytes, limit_bytes: limitBytes } },
  );
