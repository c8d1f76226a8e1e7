// Reads files that a request names: uploads by their keys, and pictures of datasets by their places. A name can mean one of these only:
// no other object, and no address.

import { FoveaError } from '../../core/errors/errors.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { BodyShare } from '../deps/bytes-in-flight.ts';
import type { Limits } from '../deps/limits.ts';

const UPLOAD_ID = /^upload-[0-9a-f-]{36}$/;
const SHOWN_CHARACTERS = 80;

/** The limits of uploads that are read, and the share of memory that they count in. */
export interface UploadReadLimits extends Pick<Limits, 'uploadBytes' | 'predictUploadBytes'> {
  /** The share of the request that names the uploads. */
  readonly share: BodyShare;
}

/** A kind of named files. */
export interface NamedFiles {
  /** The object key of a name, or the error of another name. */
  toKey(name: string, param: string): string | FoveaError;
  /** The error where there is no such object. */
  missing(name: string, param: string): FoveaError;
}

/** Uploads by the keys that the server gave. */
export const UPLOADS: NamedFiles = {
  toKey: (key, param) =>
    key.startsWith(keys.uploads()) && UPLOAD_ID.test(key.slice(keys.uploads().length))
      ? key
      : notAKey(key, param),
  missing: (key, param) => notFound(key, param),
};

/** Pictures of datasets by their places, as `fruit/banana/1.jpg`. */
export const DATASET_FILES: NamedFiles = {
  toKey(name, param) {
    const path = name.split('/');
    const isPlace = path.length >= LEAST_DEPTH && path.length <= MOST_DEPTH && path.every(isSegment);
    const [dataset = '', ...file] = path;
    return isPlace ? keys.datasetFile(dataset, ...file) : fileNotFound(name, param);
  },
  missing: (name, param) => fileNotFound(name, param),
};
/** A dataset, a class and a file, and at most one folder more. */
const LEAST_DEPTH = 3;
const MOST_DEPTH = 4;
const SEGMENT_MAX_BYTES = 255;
const isSegment = (segment: string) =>
  segment !== '' &&
  segment !== '.' &&
  segment !== '..' &&
  !segment.includes('\0') &&
  Buffer.byteLength(segment) <= SEGMENT_MAX_BYTES;

/**
 * The bytes of uploads or other named files, whose sizes are checked before any is read. An upload that cannot be read has an error in its
 * place: `image-key-invalid`, `upload-not-found`, `dataset-file-not-found`, `image-too-large`.
 * @param params gives the request's field for each key, for errors.
 * @param kind what the names mean. Default: uploads.
 * @throws {FoveaError} `uploads-too-large` where all that can be read are too large together; `server-busy`.
 */
export async function readUploads(
  store: ObjectStore,
  imageKeys: readonly string[],
  limits: UploadReadLimits,
  params: (index: number) => string,
  kind: NamedFiles = UPLOADS,
): Promise<(Uint8Array | FoveaError)[]> {
  const sizes = await Promise.all(
    imageKeys.map((key, index) => sizeOf(store, key, limits.uploadBytes, params(index), kind)),
  );
  const sumBytes = sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : 0), 0);
  if (sumBytes > limits.predictUploadBytes)
    throw imagesTooLarge(sumBytes, limits.predictUploadBytes, 'image_keys');
  limits.share.take(sumBytes);
  return Promise.all(
    imageKeys.map(async (key, index) => {
      const size = sizes[index];
      if (size instanceof FoveaError) return size;
      const objectKey = kind.toKey(key, params(index));
      if (objectKey instanceof FoveaError) return objectKey;
      return (await store.get(objectKey))?.body ?? kind.missing(key, params(index));
    }),
  );
}

async function sizeOf(
  store: ObjectStore,
  name: string,
  limitBytes: number,
  param: string,
  kind: NamedFiles,
): Promise<number | FoveaError> {
  const key = kind.toKey(name, param);
  if (key instanceof FoveaError) return key;
  const info = await store.head(key);
  if (info === undefined) return kind.missing(name, param);
  return info.sizeBytes > limitBytes ? imageTooLarge(info.sizeBytes, limitBytes) : info.sizeBytes;
}

const notAKey = (key: string, param: string) =>
  new FoveaError(
    'image-key-invalid',
    `${JSON.stringify(key.slice(0, SHOWN_CHARACTERS))} is not the key of an upload: send the "key" that POST /v1/uploads answered.`,
    { param },
  );

const notFound = (key: string, param: string) =>
  new FoveaError(
    'upload-not-found',
    `There is no upload "${key}": its bytes have not been sent, or it is older than a day and was deleted. POST /v1/uploads gives a new link.`,
    { param },
  );

const fileNotFound = (name: string, param: string) =>
  new FoveaError(
    'dataset-file-not-found',
    `There is no picture ${JSON.stringify(name.slice(0, SHOWN_CHARACTERS))} in a dataset: name it as <dataset>/<class>/<file>, with at ` +
      'most one folder more.',
    { param },
  );

/** The error of pictures that are too large together. */
export const imagesTooLarge = (sumBytes: number, limitBytes: number, param: string): FoveaError =>
  new FoveaError(
    'uploads-too-large',
    `The pictures have ${sumBytes} bytes together; at most ${limitBytes} are read for one request. Send several requests.`,
    { param, details: { received: sumBytes, limit_bytes: limitBytes } },
  );
