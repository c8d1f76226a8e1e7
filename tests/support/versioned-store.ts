// A store in memory that keeps every version of every object until it is erased, as a bucket with versions does.

import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

export interface VersionedStore extends ObjectStore {
  /** All bodies that were ever written and not erased, also of objects that were deleted. */
  readonly versions: ReadonlyMap<string, readonly Buffer[]>;
}

export function createVersionedStore(): VersionedStore {
  const store = createMemoryStore();
  const versions = new Map<string, Buffer[]>();
  return {
    ...store,
    versions,
    async put(key, body, options) {
      const info = await store.put(key, body, options);
      versions.set(key, [...(versions.get(key) ?? []), Buffer.from(body as Uint8Array)]);
      return info;
    },
    async erase(key, options) {
      await store.erase(key, options);
      versions.delete(key);
    },
    async eraseAll(prefix, options) {
      await store.eraseAll(prefix, options);
      for (const key of [...versions.keys()]) if (key.startsWith(prefix)) versions.delete(key);
    },
  };
}
