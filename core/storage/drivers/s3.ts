// The object store in an S3 bucket, or in whatever speaks S3 with conditional writes. Loaded only where it is used.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { FoveaError } from '../../errors.ts';
import { assertRange, type ByteRange, rangeError } from '../byte-range.ts';
import { assertFolderPrefix, assertKey } from '../object-key.ts';
import {
  type ObjectInfo,
  type ObjectStore,
  PreconditionFailedError,
  type PutOptions,
} from '../object-store.ts';
import { listFolderNames, listObjects } from './s3/list-objects.ts';
import { attemptsOf, isAbort, isNoSuchKey, statusOf, toStorageError } from './s3/s3-errors.ts';

const SDK_ATTEMPTS = 5;
const READ_ATTEMPTS = 4;
const CONFLICT_ATTEMPTS = 6;
const PAUSE_MS = 50;
const CONNECTION_TIMEOUT_MS = 5_000;
/** Without a byte for this long, a connection counts as dead. */
const IDLE_TIMEOUT_MS = 60_000;
/** Metadata that names the very write; tells our own write from another's when an answer was lost. */
const WRITE_ID = 'fovea-write';

/** How {@link createS3Store} makes its client where none is given. */
export interface S3ClientOptions {
  /** Default: the SDK's own look-up (environment, profile). */
  readonly region?: string;
  /** Of an S3 that is not AWS's; implies path-style addresses. */
  readonly endpoint?: string;
  /** Default: the SDK's own look-up. */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
}

export interface S3StoreOptions extends S3ClientOptions {
  readonly bucket: string;
  /** Folder of the store in the bucket; default: the whole bucket. */
  readonly prefix?: string;
  /** A client of one's own, instead of {@link S3ClientOptions}. */
  readonly client?: S3Client;
}

const createClient = ({ region, endpoint, credentials }: S3ClientOptions): S3Client =>
  new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: SDK_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  });

/** Exponential, with full jitter, so that those who collided do not collide again. */
const pause = (attempt: number, signal: AbortSignal | undefined) =>
  sleep(Math.random() * PAUSE_MS * 2 ** attempt, undefined, signal === undefined ? {} : { signal });

const toRequestOptions = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { abortSignal: signal };

const totalSize = ({ ContentRange, ContentLength }: GetObjectCommandOutput): number =>
  Number(ContentRange?.split('/')[1] ?? ContentLength ?? 0);

/**
 * A store in a bucket, which must exist.
 *
 * Beside the errors of the port its methods throw `storage-denied`, `storage-bucket-missing`, `storage-unavailable`
 * (after the retries), `storage-conflict` (writers kept colliding), `storage-read-truncated` and `key-too-long`. A
 * conditional write whose answer was lost is recognized as done, unless another writer has replaced it meanwhile.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { bucket } = options;
  const client = options.client ?? createClient(options);
  const folder = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
  const prefix = folder === '' ? '' : `${folder}/`;
  const url = `s3://${bucket}${folder === '' ? '' : `/${folder}`}`;
  const target = { client, bucket, prefix };
  const addressOf = (key: string) => ({ Bucket: bucket, Key: prefix + key });

  const typed = async <T>(action: string, key: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toStorageError(error, action, `${url}/${key}`);
    }
  };

  async function* typedList<T>(what: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw toStorageError(error, 'list', `${url}/${what}`);
    }
  }

  const readHead = async (key: string, signal?: AbortSignal) => {
    try {
      const head = await client.send(new HeadObjectCommand(addressOf(key)), toRequestOptions(signal));
      const { ETag = '', ContentLength = 0, LastModified = new Date(0) } = head;
      const info: ObjectInfo = { key, sizeBytes: ContentLength, etag: ETag, lastModified: LastModified };
      return { info, writeId: head.Metadata?.[WRITE_ID] };
    } catch (error) {
      if (isNoSuchKey(error)) return undefined;
      throw error;
    }
  };

  const readOnce = async (key: string, range?: ByteRange, signal?: AbortSignal) => {
    const Range = range && `bytes=${range.start}-${range.end}`;
    let answer: GetObjectCommandOutput;
    try {
      answer = await client.send(
        new GetObjectCommand({ ...addressOf(key), Range }),
        toRequestOptions(signal),
      );
    } catch (error) {
      if (isNoSuchKey(error)) return undefined;
      if (range !== undefined && statusOf(error) === 416) throw rangeError(key, range);
      throw error;
    }
    const { ETag = '', LastModified = new Date(0), ContentLength } = answer;
    const info = { key, sizeBytes: totalSize(answer), etag: ETag, lastModified: LastModified };
    // The SDK retries requests, but not a body that breaks off after the head of the answer.
    const body = await answer.Body?.transformToByteArray().catch((error: unknown) => {
      if (isAbort(error) || signal?.aborted) throw error;
      return undefined;
    });
    const whole = body !== undefined && (ContentLength === undefined || body.length === ContentLength);
    return { info, body: whole ? body : undefined };
  };

  const read = async (key: string, range?: ByteRange, signal?: AbortSignal) => {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
      const answer = await readOnce(key, range, signal);
      if (answer === undefined) return undefined;
      if (answer.body !== undefined) return { ...answer.info, body: answer.body };
      await pause(attempt, signal);
    }
    throw new FoveaError(
      'storage-read-truncated',
      `The object "${url}/${key}" broke off while it was read, ${READ_ATTEMPTS} times. Check the network to S3.`,
      { param: key },
    );
  };

  const write = async (key: string, body: Uint8Array | string, options: PutOptions): Promise<ObjectInfo> => {
    const { ifNoneMatch, ifMatch, contentType, signal } = options;
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const writeId = randomUUID();
    for (let attempt = 1, conflict: unknown; attempt <= CONFLICT_ATTEMPTS; attempt++) {
      try {
        const command = new PutObjectCommand({
          ...addressOf(key),
          Body: bytes,
          ContentType: contentType ?? 'application/octet-stream',
          IfNoneMatch: ifNoneMatch,
          IfMatch: ifMatch,
          Metadata: { [WRITE_ID]: writeId },
        });
        const { ETag = '' } = await client.send(command, toRequestOptions(signal));
        return { key, sizeBytes: bytes.length, etag: ETag, lastModified: new Date() };
      } catch (error) {
        const status = statusOf(error);
        if (status === 412 || (ifMatch !== undefined && isNoSuchKey(error))) {
          const stored = attempt > 1 || attemptsOf(error) > 1 ? await readHead(key, signal) : undefined;
          if (stored?.writeId === writeId) return stored.info;
          const condition =
            ifMatch === undefined ? 'it exists already' : `its etag is not, or no longer, ${ifMatch}`;
          throw new PreconditionFailedError(key, condition, error);
        }
        if (status !== 409) throw error;
        conflict = error;
      }
      if (attempt === CONFLICT_ATTEMPTS) throw conflictError(key, conflict);
      await pause(attempt, signal);
    }
    throw conflictError(key);
  };

  const conflictError = (key: string, cause?: unknown) =>
    new FoveaError(
      'storage-conflict',
      `The object "${url}/${key}" was not written: ${CONFLICT_ATTEMPTS} attempts collided with other writers. Try again.`,
      { param: key, cause },
    );

  return {
    url,

    async get(key, { range, signal } = {}) {
      assertKey(key);
      if (range !== undefined) assertRange(key, range);
      return typed('read', key, read(key, range, signal));
    },

    async head(key, { signal } = {}) {
      assertKey(key);
      return (await typed('read', key, readHead(key, signal)))?.info;
    },

    async put(key, body, options = {}) {
      assertKey(key);
      return typed('write', key, write(key, body, options));
    },

    async delete(key, { signal } = {}) {
      assertKey(key);
      await typed(
        'delete',
        key,
        client.send(new DeleteObjectCommand(addressOf(key)), toRequestOptions(signal)),
      );
    },

    list: (what, { startAfter, signal } = {}) =>
      typedList(what, listObjects(target, what, startAfter, signal)),

    listFolders(what, { startAfter, signal } = {}) {
      assertFolderPrefix(what);
      return typedList(what, listFolderNames(target, what, startAfter, signal));
    },
  };
}
