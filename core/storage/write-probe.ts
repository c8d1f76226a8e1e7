// Tells whether a store takes writes, by a small one now and then, however often somebody asks. Knows nothing of what is stored.

import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

/** Enough to need a block of a disk; less may still fit on a disk that is full. */
const PROBE_BYTES = 4096;
const INTERVAL_MS = 10_000;

/** The store and the clock. */
export interface WriteProbeDeps {
  readonly store: ObjectStore;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

/**
 * Makes a probe. Its promise resolves where the store has taken a write within the last ten seconds; where none was tried, it tries
 * one. It rejects with the store's error (`storage-full`, `storage-read-only`, `storage-denied`, …).
 */
export function createWriteProbe({ store, clock }: WriteProbeDeps): () => Promise<void> {
  let last: { readonly atMs: number; readonly result: Promise<void> } | undefined;
  return () => {
    if (last === undefined || clock() - last.atMs >= INTERVAL_MS) {
      const result = store.put(keys.writeProbe(), new Uint8Array(PROBE_BYTES)).then(() => undefined);
      // Callers get the error; there may be none.
      result.catch(() => undefined);
      last = { atMs: clock(), result };
    }
    return last.result;
  };
}
