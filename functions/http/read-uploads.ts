// Pictures of a prediction that were uploaded before, by their keys. A key names an upload and nothing else: no other
// object, no address.

import { FoveaError } from '../../core/errors.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { Limits } from '../limits.ts';

const UPLOAD_ID = /^upload-[0-9a-f-]{36}$/;
const SHOWN_CHARACTERS = 80;

/**
 * The bytes of uploads; their sizes are checked before any is read.
 * @param params the request's field for each key, for errors.
 * @throws {FoveaError} `image-key-invalid`, `upload-not-found`, `image-too-large` or `uploads-too-large`.
 */
export async function readUploads(
  store: ObjectStore,
  imageKeys: readonly string[],
  limits: Pick<Limits, 'uploadBytes' | 'predictUploadBytes'>,
  params: (index: number) => string,
): Promise<Uint8Array[]> {
  for (const [index, key] of imageKeys.entries()) assertUploadKey(key, params(index));
  const infos = await Promise.all(imageKeys.map((key) => store.head(key)));
  let sumBytes = 0;
  for (const [index, info] of infos.entries()) {
    if (info === undefined) throw notFound(imageKeys[index] ?? '', params(index));
    if (info.sizeBytes > limits.uploadBytes) throw imageTooLarge(info.sizeBytes, limits.uploadBytes);
    sumBytes += info.sizeBytes;
  }
  if (sumBytes > limits.predictUploadBytes) throw tooLarge(sumBytes, limits.predictUploadBytes);
  const objects = await Promise.all(imageKeys.map((key) => store.get(key)));
  return objects.map((object, index) => {
    if (object === undefined) throw notFound(imageKeys[index] ?? '', params(index));
    return object.body;
  });
}

function assertUploadKey(key: string, param: string): void {
  const id = key.slice(keys.uploads().length);
  if (key.startsWith(keys.uploads()) && UPLOAD_ID.test(id)) return;
  throw new FoveaError(
    'image-key-invalid',
    `${JSON.stringify(key.slice(0, SHOWN_CHARACTERS))} is no key of an upload: send the "key" that POST /v1/uploads gave.`,
    { param },
  );
}

const notFound = (key: string, param: string) =>
  new FoveaError(
    'upload-not-found',
    `There is no upload "${key}": its bytes were not sent yet, or it is older than a day. POST /v1/uploads gives a new link.`,
    { param },
  );

const tooLarge = (sumBytes: number, limitBytes: number) =>
  new FoveaError(
    'uploads-too-large',
    `The uploads have ${sumBytes} bytes together; at most ${limitBytes} are read for one request. Send several requests.`,
    { param: 'image_keys', details: { received: sumBytes, limit_bytes: limitBytes } },
  );
