// Keeps loaded things within a budget of bytes: least recently used leaves first, loads happen once, and nothing is
// released while somebody uses it. Knows nothing of ONNX.

import { LRUCache } from 'lru-cache';
import { isFoveaError } from '../errors/errors.ts';

/** Something that takes memory until it is released. */
export interface Releasable {
  readonly sizeBytes: number;
  release(): Promise<void>;
}

interface Entry<T> {
  readonly value: T;
  users: number;
  evicted: boolean;
}

export interface SessionCacheOptions {
  /** Sum of `sizeBytes` that may stay loaded. What is larger alone is loaded, used and released again. */
  readonly maxBytes: number;
  /** Told of a release that failed; the value is forgotten either way. */
  readonly onReleaseError: (error: unknown) => void;
}

export interface SessionCache<T extends Releasable> {
  /**
   * Runs `use` with the value of `key`, loading it first where needed. Concurrent first uses share one load; a failed
   * load is not remembered, nor is a value with which a use failed in a way that nobody foresaw.
   */
  withValue<R>(key: string, load: () => Promise<T>, use: (value: T) => Promise<R>): Promise<R>;
  /** Releases everything as soon as nobody uses it, for good: what is loaded afterwards is used once and not kept. */
  close(): void;
  /** Bytes of what is loaded and not evicted. */
  readonly sizeBytes: number;
}

export function createSessionCache<T extends Releasable>(options: SessionCacheOptions): SessionCache<T> {
  const { maxBytes, onReleaseError } = options;
  const loading = new Map<string, Promise<Entry<T>>>();
  let isClosed = false;

  const releaseIfIdle = (entry: Entry<T>) => {
    if (entry.evicted && entry.users === 0) entry.value.release().catch(onReleaseError);
  };
  const evict = (entry: Entry<T>) => {
    entry.evicted = true;
    releaseIfIdle(entry);
  };
  const cache = new LRUCache<string, Entry<T>>({
    maxSize: maxBytes,
    sizeCalculation: ({ value }) => Math.max(1, value.sizeBytes),
    dispose: evict,
  });

  async function loadEntry(key: string, load: () => Promise<T>): Promise<Entry<T>> {
    // The load itself counts as a user, so that the entry outlives its own insertion even when it does not fit.
    const entry: Entry<T> = { value: await load(), users: 1, evicted: false };
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
      return cached;
    }
    const running = loading.get(key);
    if (running !== undefined) {
      const shared = await running;
      // Between the load's end and this turn its only user may have left and the value been released.
      if (shared.evicted && shared.users === 0) return acquire(key, load);
      shared.users += 1;
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
        return await use(entry.value);
      } catch (error) {
        if (!isFoveaError(error) && cache.peek(key) === entry) cache.delete(key);
        throw error;
      } finally {
        entry.users -= 1;
        releaseIfIdle(entry);
      }
    },
    close() {
      isClosed = true;
      cache.clear();
    },
    get sizeBytes() {
      return cache.calculatedSize;
    },
  };
}
