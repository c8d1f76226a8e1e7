// The object store in the memory of this process, for tests and throw-away runs. Everything is lost when the process ends.

import { resolveRange } from '../byte-range.ts';
import { eraseListed } from '../erase-listed.ts';
import { assertErasable, assertFolderPrefix, assertKey, compareKeys } from '../object-key.ts';
import {
  type ObjectInfo,
  type ObjectStore,
  PreconditionFailedError,
  type StoredObject,
} from '../object-store.ts';

const toInfo = ({ key, sizeBytes, etag, lastModified }: StoredObject): ObjectInfo => ({
  key,
  sizeBytes,
  etag,
  lastModified,
});

/** Makes an empty store. Contents are copied in and out, so that nobody can change a stored object. */
export function createMemoryStore(options: { readonly now?: () => Date } = {}): ObjectStore {
  const now = options.now ?? (() => new Date());
  const objects = new Map<string, StoredObject>();
  /** All keys, in order. */
  const ordered: string[] = [];
  let writes = 0;

  /** Index of the first key that does not come before this one, by bisection. */
  function indexOf(key: string): number {
    let [low, high] = [0, ordered.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (compareKeys(ordered[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Keys as they are now, so that a listing may go on while others write. */
  function keysFrom(prefix: string, startAfter = ''): string[] {
    const start = indexOf(compareKeys(startAfter, prefix) > 0 ? startAfter : prefix);
    let end = start;
    while (ordered[end]?.startsWith(prefix)) end += 1;
    const keys = ordered.slice(start, end);
    return keys[0] === startAfter ? keys.slice(1) : keys;
  }

  const store: ObjectStore = {
    url: 'memory:',

    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { offset, length } = resolveRange(key, range, object.sizeBytes);
      return { ...object, body: object.body.slice(offset, offset + length) };
    },

    async head(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      const object = objects.get(key);
      return object && toInfo(object);
    },

    async put(key, body, { ifNoneMatch, ifMatch, signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      const current = objects.get(key);
      if (ifNoneMatch !== undefined && current !== undefined) {
        throw new PreconditionFailedError(key, 'it exists already');
      }
      if (ifMatch !== undefined && current?.etag !== ifMatch) {
        throw new PreconditionFailedError(key, `its etag is ${current?.etag ?? 'none'}, not ${ifMatch}`);
      }
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body);
      writes += 1;
      const object = { key, sizeBytes: bytes.length, etag: `"${writes}"`, lastModified: now(), body: bytes };
      if (current === undefined) ordered.splice(indexOf(key), 0, key);
      objects.set(key, object);
      return toInfo(object);
    },

    async delete(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      if (objects.delete(key)) ordered.splice(indexOf(key), 1);
    },

    erase: (key, options) => store.delete(key, options),
    async eraseAll(prefix, options) {
      assertErasable(prefix);
      await eraseListed(store, prefix, options);
    },

    async *list(prefix, { startAfter, signal } = {}) {
      for (const key of keysFrom(prefix, startAfter)) {
        signal?.throwIfAborted();
        const object = objects.get(key);
        if (object !== undefined) yield toInfo(object);
      }
    },

    async *listFolders(prefix, { startAfter, signal } = {}) {
      assertFolderPrefix(prefix);
      let last: string | undefined;
      for (const key of keysFrom(prefix, startAfter && `${prefix}${startAfter}/`)) {
        signal?.throwIfAborted();
        const end = key.indexOf('/', prefix.length);
        const folder = key.slice(prefix.length, end);
        if (end === -1 || folder === last) continue;
        last = folder;
        if (startAfter === undefined || compareKeys(`${folder}/`, `${startAfter}/`) > 0) yield folder;
      }
    },
  };
  return store;
}
