// The port of object stores: the few operations of S3 that the project needs. Drivers give the same guarantees;
// tests/contract/object-store.ts proves them. Knows nothing of what is stored.

import { FoveaError } from '../errors/errors.ts';

/** What is known of an object without reading it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * Opaque version of the content, what {@link PutOptions.ifMatch} takes. It differs wherever the content differs;
   * writing the very same bytes again may keep it, as S3's etag is a hash of them.
   */
  readonly etag: string;
  readonly lastModified: Date;
}

/** An object with its content. */
export interface StoredObject extends ObjectInfo {
  readonly body: Uint8Array;
}

/** Options of a read. */
export interface GetOptions {
  /**
   * Only these bytes, both ends inclusive, as in an HTTP Range. An end past the object is cut to its size; a start past
   * it throws `range-not-satisfiable`. `sizeBytes` and `etag` of the answer are those of the whole object.
   */
  readonly range?: { readonly start: number; readonly end: number };
  readonly signal?: AbortSignal;
}

/**
 * Options of a write. At most one of `ifNoneMatch` and `ifMatch` is given; with neither, the write is unconditional.
 */
export interface PutOptions {
  /** `'*'`: create only; fails with `precondition-failed` where the key exists. */
  readonly ifNoneMatch?: '*';
  /** Compare and swap: fails with `precondition-failed` unless the stored etag is this one. */
  readonly ifMatch?: string;
  /** Content type for whoever downloads the object directly from S3; the other drivers keep no content types. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Options of a listing of objects. */
export interface ListOptions {
  /** Only keys after this one, in UTF-8 binary order. */
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

/** Options of a listing of folders. */
export interface ListFoldersOptions {
  /** Only folders after the one of this name. */
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

/**
 * A flat map from keys to bytes. Keys are `/`-separated, without empty, `.` or `..` segments, at most 1024 bytes as
 * UTF-8; others throw `key-invalid` or `key-too-long`. A key should not be the folder of another: S3 can hold both
 * `a` and `a/b`, a file system cannot (`key-conflict`).
 *
 * An aborted `signal` rejects with its reason or with the driver's `AbortError`; a write may have happened by then.
 *
 * Writes are atomic: readers see the old object or the new one, also after a crash.
 */
export interface ObjectStore {
  /** The store's URL for people and logs, e.g. `file:///data` or `s3://bucket/prefix`. */
  readonly url: string;
  /** The object, or `undefined` where there is none. */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;
  head(key: string, options?: { readonly signal?: AbortSignal }): Promise<ObjectInfo | undefined>;
  /** @throws {PreconditionFailedError} where `ifNoneMatch` or `ifMatch` does not hold; nothing is written then. */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<ObjectInfo>;
  /** Deletes an object; it is no error where there is none. */
  delete(key: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Deletes an object for good: with all versions of it that a bucket keeps, also of an object that was deleted before. Readers see
   * none of them meanwhile. What another client writes to the key at the same time may stay. It is no error where there is nothing.
   */
  erase(key: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Erases everything under `prefix`, which ends in `/`, also what was deleted before and is no longer listed. Done again after
   * a failure or an abort, it goes on.
   */
  eraseAll(prefix: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** All objects whose key starts with `prefix`, in UTF-8 binary order of their keys, read page by page. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /**
   * The distinct next path segments under `prefix`, which ends in `/` or is empty: the "folders" that hold at least
   * one object. Bare names (`train`, not `datasets/x/train/`), in the order of their keys, that is of `name/`.
   */
  listFolders(prefix: string, options?: ListFoldersOptions): AsyncIterable<string>;
}

/** A conditional write did not happen: the object is not in the state that the writer named. */
export class PreconditionFailedError extends FoveaError {
  override readonly name = 'PreconditionFailedError';
  constructor(key: string, condition: string, cause?: unknown) {
    super('precondition-failed', `The object "${key}" was not written: ${condition}.`, { param: key, cause });
  }
}
