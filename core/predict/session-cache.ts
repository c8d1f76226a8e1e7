// Caches loaded sessions within a number of bytes, and a number of sessions. The least recently used one is released first, concurrent loads of one session happen
// once, and no session is released while it is in use. Knows nothing of ONNX.

import { LRUCache } from 'lru-cache';
import { isFoveaError } from '../errors/errors.ts';

/** A value that takes memory until it is released. */
export interface Releasable {
  readonly sizeBytes: number;
  release(): Promise<void>;
}

interface Entry<T> {
  readonly value: T;
  users: number;
  evicted: boolean;
}

/** The limit of the cache, and who is told of failures. */
export interface SessionCacheOptions {
  /** Largest sum of `sizeBytes`. A value that alone is larger stays as the only one, until another is needed. */
  readonly maxBytes: number;
  /** Largest number of values. */
  readonly maxCount: number;
  /** Is told of a release that failed. The value leaves the cache either way. */
  readonly onReleaseError: (error: unknown) => void;
}

/** A cache of values that must be released. */
export interface SessionCache<T extends Releasable> {
  /**
   * Runs `use` with the value of `key`, which is loaded first where needed. Concurrent uses share one load. A failed load is not cached,
   * and a value leaves the cache where a use of it fails with an unexpected error.
   * @param key The same kind of value has to be loaded for it each time.
   */
  withValue<V extends T, R>(key: string, load: () => Promise<V>, use: (value: V) => Promise<R>): Promise<R>;
  /** Releases all values whose key begins so, as soon as they are not in use. */
  drop(prefix: string): void;
  /** Releases all values as soon as they are not in use. Values that are loaded afterwards are not cached. */
  close(): void;
  /** What the cache holds, and how it was used. */
  readonly use: SessionCacheUse;
}

/** What a cache holds, and how it was used since it was made. */
export interface SessionCacheUse {
  /** Cached values. */
  readonly count: number;
  /** Sum of their sizes. */
  readonly sizeBytes: number;
  /** Uses that found the value loaded, or being loaded. */
  readonly hits: number;
  /** Values that were loaded. */
  readonly loads: number;
}

/** Makes an empty cache. */
export function createSessionCache<T extends Releasable>(options: SessionCacheOptions): SessionCache<T> {
  const { maxBytes, maxCount, onReleaseError } = options;
  const loading = new Map<string, Promise<Entry<T>>>();
  let isClosed = false;
  let hits = 0;
  let loads = 0;

  const releaseIfIdle = (entry: Entry<T>) => {
    if (entry.evicted && entry.users === 0) entry.value.release().catch(onReleaseError);
  };
  const evict = (entry: Entry<T>) => {
    entry.evicted = true;
    releaseIfIdle(entry);
  };
  const cache = new LRUCache<string, Entry<T>>({
    max: maxCount,
    maxSize: maxBytes,
    // One that is larger than the whole cache takes all of it.
    sizeCalculation: ({ value }) => Math.min(maxBytes, Math.max(1, value.sizeBytes)),
    dispose: evict,
  });
  const cachedBytes = () => [...cache.values()].reduce((sum, { value }) => sum + value.sizeBytes, 0);

  async function loadEntry(key: string, load: () => Promise<T>): Promise<Entry<T>> {
    // What is too large already must not be in memory together with more.
    if (cachedBytes() > maxBytes) cache.clear();
    // The load itself counts as a user, so that an entry that is evicted at once is not released at once.
    const entry: Entry<T> = { value: await load(), users: 1, evicted: false };
    loads += 1;
    // The load may have begun before the cache was closed.
    if (!isClosed) cache.set(key, entry);
    if (cache.peek(key) !== entry) entry.evicted = true;
    return entry;
  }

  /** The entry, with the caller counted among its users. */
  async function acquire(key: string, load: () => Promise<T>): Promise<Entry<T>> {
    const cached = cache.get(key);
    if (cached !== undefined) {
      cached.users += 1;
      hits += 1;
      return cached;
    }
    const running = loading.get(key);
    if (running !== undefined) {
      const shared = await running;
      // Since the load ended, its only user may have finished and the value been released.
      if (shared.evicted && shared.users === 0) return acquire(key, load);
      shared.users += 1;
      hits += 1;
      return shared;
    }
    const started = loadEntry(key, load);
    loading.set(key, started);
    try {
      return await started;
    } finally {
      loading.delete(key);
    }
  }

  return {
    async withValue(key, load, use) {
      const entry = await acquire(key, load);
      try {
        // The key says of which kind the value is.
        return await use(entry.value as Parameters<typeof use>[0]);
      } catch (error) {
        if (!isFoveaError(error) && cache.peek(key) === entry) cache.delete(key);
        throw error;
      } finally {
        entry.users -= 1;
        releaseIfIdle(entry);
      }
    },
    drop(prefix) {
      for (const key of [...cache.keys()]) if (key.startsWith(prefix)) cache.delete(key);
    },
    close() {
      isClosed = true;
      cache.clear();
    },
    get use() {
      return { count: cache.size, sizeBytes: cachedBytes(), hits, loads };
    },
  };
}
