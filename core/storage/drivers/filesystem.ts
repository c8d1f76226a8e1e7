// The object store in a folder. Every object is a plain file at root/key, so that people may copy files into place. Several processes
// may share the folder. Symbolic links to files inside the store, and to folders that are datasets, are followed; any other link is
// listed as an object, and reading it throws `storage-link-refused`. Nothing is written through a link.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { eraseListed } from '../erase-listed.ts';
import { assertErasable, assertFolderPrefix, assertKey } from '../object-key.ts';
import type { ObjectStore } from '../object-store.ts';
import { toStorageError } from './filesystem/file-errors.ts';
import { createFolderNames } from './filesystem/folder-names.ts';
import { listFiles, listFolderNames } from './filesystem/list-files.ts';
import { readInfo, readObject } from './filesystem/read-object.ts';
import { createStoreFolders } from './filesystem/store-folders.ts';
import { deleteObject, writeObject } from './filesystem/write-object.ts';

async function withTypedErrors<T>(
  action: 'read' | 'write' | 'delete',
  key: string,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStorageError(error, action, key);
  }
}

async function* listWithTypedErrors<T>(prefix: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw toStorageError(error, 'list', prefix);
  }
}

/** Files open at a time, however many callers there are. The usual limit is 1024 files and connections; Node has four file threads. */
const MOST_OPEN_FILES = 128;

/**
 * Opens a store in a folder. The folder is made when the first object is written; until then the store is empty.
 *
 * Besides the errors of the port its methods throw `storage-full`, `storage-denied`, `storage-unsupported` (no hard
 * links, or links across file systems), `storage-link-refused`, `storage-name-not-utf8`, `key-conflict` (a file where
 * the key needs a folder, or the reverse), `key-too-long` and `storage-unavailable`, with the errno in `details`.
 *
 * @param options.root absolute, or relative to the working directory. All of it must lie on one file system.
 */
export function createFilesystemStore(options: { readonly root: string }): ObjectStore {
  const root = resolve(options.root);
  const folders = createStoreFolders(root);
  const readFolderNames = createFolderNames();
  const open = pLimit(MOST_OPEN_FILES);
  const store: ObjectStore = {
    url: pathToFileURL(root).href,

    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      return withTypedErrors(
        'read',
        key,
        open(() => readObject(key, range, folders)),
      );
    },

    async head(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      return withTypedErrors(
        'read',
        key,
        open(() => readInfo(key, folders)),
      );
    },

    async put(key, body, options = {}) {
      options.signal?.throwIfAborted();
      assertKey(key);
      return withTypedErrors(
        'write',
        key,
        open(() => writeObject(key, body, options, folders)),
      );
    },

    async delete(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      await withTypedErrors('delete', key, deleteObject(key, folders));
    },

    async erase(key, { signal } = {}) {
      signal?.throwIfAborted();
      assertKey(key);
      const wasThere = await withTypedErrors('delete', key, deleteObject(key, folders));
      // Perhaps an earlier deletion was killed before the content was off the disk.
      if (!wasThere) await withTypedErrors('delete', key, folders.removeDeleted());
    },

    async eraseAll(prefix, options) {
      assertErasable(prefix);
      await eraseListed(store, prefix, options);
      await withTypedErrors('delete', prefix, folders.removeDeleted());
    },

    list: (prefix, { startAfter = '', signal } = {}) =>
      listWithTypedErrors(prefix, listFiles(folders, prefix, startAfter, signal)),

    listFolders(prefix, { startAfter, signal } = {}) {
      assertFolderPrefix(prefix);
      return listWithTypedErrors(
        prefix,
        listFolderNames(folders, readFolderNames, prefix, startAfter, signal),
      );
    },
  };
  return store;
}
