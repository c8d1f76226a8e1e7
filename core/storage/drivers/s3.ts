// The object store in a bucket of S3, or of a server that speaks S3 with conditional writes. Loaded only where it is used.

import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { assertRange } from '../byte-range.ts';
import { assertErasable, assertFolderPrefix, assertKey } from '../object-key.ts';
import type { ObjectStore } from '../object-store.ts';
import { eraseObject, eraseObjects } from './s3/erase-objects.ts';
import { listFolderNames, listObjects } from './s3/list-objects.ts';
import { readHead, readObject } from './s3/read-object.ts';
import { toStorageError } from './s3/s3-errors.ts';
import { addressOf, createClient, type S3ClientOptions, toRequestOptions } from './s3/s3-target.ts';
import { writeObject } from './s3/write-object.ts';

/** The bucket, the folder in it, and how to reach it. */
export interface S3StoreOptions extends S3ClientOptions {
  readonly bucket: string;
  /** Folder of the store in the bucket. Default: the whole bucket. */
  readonly prefix?: string;
  /** A client, instead of the options for one. */
  readonly client?: S3Client;
}

/**
 * Opens a store in a bucket, which must exist. An object has at most 5 GB, the limit of S3 for one upload.
 *
 * Besides the errors of the port its methods throw `storage-denied`, `storage-bucket-missing`, `storage-unavailable` (after
 * retries), `storage-conflict` (writers kept colliding), `storage-read-truncated`, `object-too-large` and `key-too-long`. A
 * conditional write whose answer was lost is recognized as done, unless another writer has replaced the object meanwhile.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { bucket, prefix = '' } = options;
  const client = options.client ?? createClient(options);
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  const url = folder === '' ? `s3://${bucket}` : `s3://${bucket}/${folder}`;
  const target = { client, bucket, prefix: folder === '' ? '' : `${folder}/`, url };

  const typed = async <T>(action: string, key: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toStorageError(error, action, `${url}/${key}`);
    }
  };

  async function* typedList<T>(prefix: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw toStorageError(error, 'list', `${url}/${prefix}`);
    }
  }

  return {
    url,

    async get(key, { range, signal } = {}) {
      assertKey(key);
      if (range !== undefined) assertRange(key, range);
      return typed('read', key, readObject(target, key, range, signal));
    },

    async head(key, { signal } = {}) {
      assertKey(key);
      return (await typed('read', key, readHead(target, key, signal)))?.info;
    },

    async put(key, body, putOptions = {}) {
      assertKey(key);
      return typed('write', key, writeObject(target, key, body, putOptions));
    },

    async delete(key, { signal } = {}) {
      assertKey(key);
      const command = new DeleteObjectCommand(addressOf(target, key));
      await typed('delete', key, client.send(command, toRequestOptions(signal)));
    },

    async erase(key, { signal } = {}) {
      assertKey(key);
      await typed('erase', key, eraseObject(target, key, signal));
    },

    async eraseAll(prefix, { signal } = {}) {
      assertErasable(prefix);
      await typed('erase', prefix, eraseObjects(target, prefix, signal));
    },

    list: (prefix, { startAfter, signal } = {}) =>
      typedList(prefix, listObjects(target, prefix, startAfter, signal)),

    listFolders(prefix, { startAfter, signal } = {}) {
      assertFolderPrefix(prefix);
      return typedList(prefix, listFolderNames(target, prefix, startAfter, signal));
    },
  };
}
