// The object store in this process's memory: for tests and throw-away runs. Everything is gone with the process.

import { resolveRange } from '../byte-range.ts';
import { assertFolderPrefix, assertKey, compareKeys } from '../object-key.ts';
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

/** A store of its own, empty at first. Bodies are copied in and out, so that nobody changes a stored object. */
export function createMemoryStore(options: { readonly now?: () => Date } = {}): ObjectStore {
  const now = options.now ?? (() => new Date());
  const objects = new Map<string, StoredObject>();
  let writes = 0;

  const sortedKeys = (prefix: string): string[] =>
    [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);

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
      objects.set(key, object);
      return toInfo(object);
    },

    async delete(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      objects.delete(key);
    },

    async *list(prefix, { startAfter, signal } = {}) {
      for (const key of sortedKeys(prefix)) {
        signal?.throwIfAborted();
        const object = objects.get(key);
        if (object === undefined || (startAfter !== undefined && compareKeys(key, startAfter) <= 0)) continue;
        yield toInfo(object);
      }
    },

    async *listFolders(prefix, { startAfter, signal } = {}) {
      assertFolderPrefix(prefix);
      let last: string | undefined;
      for (const key of sortedKeys(prefix)) {
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
