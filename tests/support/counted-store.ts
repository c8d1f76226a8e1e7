// A store that counts its calls, so that tests hold code to how often it asks instead of how long that takes.

import type { ObjectStore } from '../../core/storage/object-store.ts';

export interface CountedStore extends ObjectStore {
  /** Calls since the last time that they were asked for; of listings, the items that were taken from them. */
  takeCounts(): Counts;
}

export interface Counts {
  readonly get: number;
  readonly head: number;
  readonly put: number;
  readonly delete: number;
  readonly listed: number;
  /** Most reads that were under way at the same time. */
  readonly mostReads: number;
}

const NONE: Counts = { get: 0, head: 0, put: 0, delete: 0, listed: 0, mostReads: 0 };

export function countCalls(store: ObjectStore): CountedStore {
  let counts = { ...NONE };
  let reads = 0;
  async function reading<T>(work: () => Promise<T>): Promise<T> {
    reads += 1;
    counts = { ...counts, mostReads: Math.max(counts.mostReads, reads) };
    try {
      return await work();
    } finally {
      reads -= 1;
    }
  }
  const count = (call: Exclude<keyof Counts, 'mostReads'>) => {
    counts = { ...counts, [call]: counts[call] + 1 };
  };
  async function* listing<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      count('listed');
      yield item;
    }
  }
  return {
    url: store.url,
    takeCounts() {
      const taken = counts;
      counts = { ...NONE };
      return taken;
    },
    get(key, options) {
      count('get');
      return reading(() => store.get(key, options));
    },
    head(key, options) {
      count('head');
      return reading(() => store.head(key, options));
    },
    put(key, body, options) {
      count('put');
      return store.put(key, body, options);
    },
    delete(key, options) {
      count('delete');
      return store.delete(key, options);
    },
    erase(key, options) {
      count('delete');
      return store.erase(key, options);
    },
    eraseAll(prefix, options) {
      count('delete');
      return store.eraseAll(prefix, options);
    },
    list: (prefix, options) => listing(store.list(prefix, options)),
    listFolders: (prefix, options) => listing(store.listFolders(prefix, options)),
  };
}
