// Reads pictures that a request names by URL, where the operator allows that.

import { mapConcurrently } from '../../core/concurrently.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { FetchPicture } from '../../core/remote/fetch-picture.ts';
import { imagesTooLarge, type UploadReadLimits } from './read-uploads.ts';

/** At once for one request, so that one alone does not take all that the process does at once. */
const CONCURRENCY = 4;
/** For all pictures of a request. */
const TIMEOUT_MS = 30_000;

const OFF =
  'This server fetches no pictures from URLs. Send the bytes of the picture, or upload it (POST /v1/uploads) and send its "image_key". ' +
  'Its operator allows URLs by --image-urls, in the cloud by fovea:imageUrls.';

/**
 * The bytes of pictures at addresses. One that cannot be had has an error in its place: `image-url-refused`, `image-url-unreachable`,
 * `image-too-large`.
 * @param fetchPicture absent where the operator does not allow it.
 * @param params gives the request's field for each URL, for errors.
 * @throws {FoveaError} `image-url-refused` where nothing is fetched at all; `uploads-too-large` where all are too large together;
 * `server-busy`; the reason of the signal.
 */
export async function readUrls(
  fetchPicture: FetchPicture | undefined,
  urls: readonly string[],
  { uploadBytes, predictUploadBytes, share }: UploadReadLimits,
  params: (index: number) => string,
  signal: AbortSignal,
): Promise<(Uint8Array | FoveaError)[]> {
  if (fetchPicture === undefined) throw new FoveaError('image-url-refused', OFF, { param: params(0) });
  const ended = new AbortController();
  const timedOut = AbortSignal.timeout(TIMEOUT_MS);
  let sumBytes = 0;
  const onBytes = (bytes: number) => {
    sumBytes += bytes;
    try {
      if (sumBytes > predictUploadBytes) throw imagesTooLarge(sumBytes, predictUploadBytes, params(0));
      share.take(bytes);
    } catch (error) {
      ended.abort(error);
      throw error;
    }
  };
  const options = {
    maxBytes: uploadBytes,
    signal: AbortSignal.any([signal, ended.signal, timedOut]),
    onBytes,
  };
  const read = async ([index, url]: readonly [number, string]) => {
    try {
      return await fetchPicture(url, options);
    } catch (error) {
      signal.throwIfAborted();
      ended.signal.throwIfAborted();
      const param = params(index);
      if (timedOut.aborted)
        return new FoveaError('image-url-unreachable', tooLong(urls.length), { param, cause: error });
      if (!isFoveaError(error)) throw error;
      const { details = {} } = error;
      return new FoveaError(error.code, error.message, { param, details, cause: error.cause });
    }
  };
  try {
    return await mapConcurrently(urls.entries(), read, CONCURRENCY);
  } finally {
    ended.abort();
  }
}

const tooLong = (count: number) =>
  `The ${count} pictures of the request took longer than ${TIMEOUT_MS / 1000} s to fetch together. Send fewer in one request.`;
