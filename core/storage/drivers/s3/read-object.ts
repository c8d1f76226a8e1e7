// Reads objects of a bucket. A body that breaks off is read again. Knows nothing of writing.

import { GetObjectCommand, type GetObjectCommandOutput, HeadObjectCommand } from '@aws-sdk/client-s3';
import { FoveaError } from '../../../errors/errors.ts';
import { type ByteRange, rangeError } from '../../byte-range.ts';
import type { ObjectInfo, StoredObject } from '../../object-store.ts';
import { isAbort, isNoSuchKey, statusOf } from './s3-errors.ts';
import { addressOf, etagOf, pause, type S3Target, toRequestOptions, WRITE_ID } from './s3-target.ts';

const READ_ATTEMPTS = 4;

/** Info of an object, and the id of the write that made it. */
interface HeadAnswer {
  readonly info: ObjectInfo;
  readonly writeId: string | undefined;
}

/** Reads the info of an object; `undefined` where there is none. Errors of the SDK are thrown unchanged. */
export async function readHead(
  target: S3Target,
  key: string,
  signal: AbortSignal | undefined,
): Promise<HeadAnswer | undefined> {
  try {
    const command = new HeadObjectCommand(addressOf(target, key));
    const { ETag, ContentLength, LastModified, Metadata } = await target.client.send(
      command,
      toRequestOptions(signal),
    );
    const info = {
      key,
      sizeBytes: ContentLength ?? 0,
      etag: etagOf(ETag, key),
      lastModified: LastModified ?? new Date(0),
    };
    return { info, writeId: Metadata?.[WRITE_ID] };
  } catch (error) {
    if (isNoSuchKey(error)) return undefined;
    throw error;
  }
}

async function request(
  target: S3Target,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput | undefined> {
  const Range = range && `bytes=${range.start}-${range.end}`;
  try {
    const command = new GetObjectCommand({ ...addressOf(target, key), Range });
    return await target.client.send(command, toRequestOptions(signal));
  } catch (error) {
    if (isNoSuchKey(error)) return undefined;
    if (range !== undefined && statusOf(error) === 416) throw rangeError(key, range);
    throw error;
  }
}

/** Size of the whole object, also where only a range was read. */
const totalSize = ({ ContentRange, ContentLength }: GetObjectCommandOutput): number =>
  Number(ContentRange?.split('/')[1] ?? ContentLength ?? 0);

/**
 * Implements `get` of the port. Errors of the SDK are thrown unchanged.
 * @throws {FoveaError} `storage-read-truncated`, `range-not-satisfiable`.
 */
export async function readObject(
  target: S3Target,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  let cause: unknown;
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(attempt, signal);
    const answer = await request(target, key, range, signal);
    if (answer === undefined) return undefined;
    const etag = etagOf(answer.ETag, key);
    try {
      // The SDK retries requests, but not a body that breaks off after the head of its answer.
      const body = await answer.Body?.transformToByteArray();
      if (body !== undefined && body.length === (answer.ContentLength ?? body.length)) {
        const { LastModified = new Date(0) } = answer;
        return { key, sizeBytes: totalSize(answer), etag, lastModified: LastModified, body };
      }
    } catch (error) {
      if (isAbort(error) || signal?.aborted) throw error;
      cause = error;
    }
  }
  throw new FoveaError(
    'storage-read-truncated',
    `The object "${key}" in ${target.url} broke off while it was read, ${READ_ATTEMPTS} times. Check the network to S3.`,
    { param: key, cause },
  );
}
