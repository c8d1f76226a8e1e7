// Expiry for stores that have no lifecycle rules of their own. Knows nothing of what is deleted.

import type { ObjectStore } from './object-store.ts';

/** Deletes the objects under a prefix that were written before `beforeMs` (Unix milliseconds). */
export async function deleteOlder(store: ObjectStore, prefix: string, beforeMs: number): Promise<void> {
  for await (const { key, lastModified } of store.list(prefix)) {
    if (lastModified.getTime() < beforeMs) await store.delete(key);
  }
}
