// Reads pictures of a prediction that were uploaded before, by their keys. A key can name an upload only: no other object,
// and no address.

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

/**
 * The bytes of uploads, whose sizes are checked before any is read. An upload that cannot be read has an error in its
 * place: `image-key-invalid`, `upload-not-found`, `image-too-large`.
 * @param params gives the request's field for each key, for errors.
 * @throws {FoveaError} `uploads-too-large` where all that can be read are too large together; `server-busy`.
 */
export async function readUploads(
  store: ObjectStore,
  imageKeys: readonly string[],
  limits: UploadReadLimits,
  params: (index: number) => string,
): Promise<(Uint8Array | FoveaError)[]> {
  const sizes = await Promise.all(
    imageKeys.map((key, index) => sizeOf(store, key, limits.uploadBytes, params(index))),
  );
  const sumBytes = sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : 0), 0);
  if (sumBytes > limits.predictUploadBytes) throw tooLarge(sumBytes, limits.predictUploadBytes);
  limits.share.take(sumBytes);
  return Promise.all(
    imageKeys.map(async (key, index) => {
      const size = sizes[index];
      if (size instanceof FoveaError) return size;
      return (await store.get(key))?.body ?? notFound(key, params(index));
    }),
  );
}

async function sizeOf(
  store: ObjectStore,
  key: string,
  limitBytes: number,
  param: string,
): Promise<number | FoveaError> {
  const id = key.slice(keys.uploads().length);
  if (!key.startsWith(keys.uploads()) || !UPLOAD_ID.test(id)) return notAKey(key, param);
  const info = await store.head(key);
  if (info === undefined) return notFound(key, param);
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

const tooLarge = (sumBytes: number, limitBytes: number) =>
  new FoveaError(
    'uploads-too-large',
    `The uploads have ${sumBytes} bytes together; at most ${limitBytes} are read for one request. Send several requests.`,
    { param: 'image_keys', details: { received: sumBytes, limit_bytes: limitBytes } },
  );
