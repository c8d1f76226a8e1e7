// Whether a store takes writes: a small one now and then, however often somebody asks. Knows nothing of what is stored.

import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

/** Enough to take a block of a disk: less may fit beside what is there already, on one that is full. */
const PROBE_BYTES = 4096;
const INTERVAL_MS = 10_000;

export interface WriteProbeDeps {
  readonly store: ObjectStore;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

/**
 * Resolves where the store has taken a write within the last ten seconds, and tries one where none was tried since.
 * The promise rejects with the store's error (`storage-full`, `storage-read-only`, `storage-denied`, …).
 */
export function createWriteProbe({ store, clock }: WriteProbeDeps): () => Promise<void> {
  let last: { readonly atMs: number; readonly result: Promise<void> } | undefined;
  return () => {
    if (last === undefined || clock() - last.atMs >= INTERVAL_MS) {
      const result = store.put(keys.writeProbe(), new Uint8Array(PROBE_BYTES)).then(() => undefined);
      // Whoever asks hears of it; nobody may.
      result.catch(() => undefined);
      last = { atMs: clock(), result };
    }
    return last.result;
  };
}
