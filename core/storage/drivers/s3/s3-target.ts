// Where requests go and how they are sent: bucket, prefix, client. Knows nothing of what is asked.

import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { FoveaError } from '../../../errors/errors.ts';

const SDK_ATTEMPTS = 5;
const CONNECTION_TIMEOUT_MS = 5_000;
/** Without a byte for this long, a connection counts as dead. */
const IDLE_TIMEOUT_MS = 60_000;
const FIRST_PAUSE_MS = 25;

/** Metadata that names the very write; tells our own write from another's when an answer was lost. */
export const WRITE_ID = 'fovea-write';

/** How a client is made where none is given. */
export interface S3ClientOptions {
  /** Default: the SDK's own look-up (environment, profile). */
  readonly region?: string;
  /** Of an S3 that is not AWS's; implies path-style addresses. */
  readonly endpoint?: string;
  /** Default: the SDK's own look-up. */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
}

export interface S3Target {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of the store in the bucket: empty, or ending in `/`. */
  readonly prefix: string;
  readonly url: string;
}

export const createClient = (
  { region, endpoint, credentials }: S3ClientOptions,
  more: Pick<S3ClientConfig, 'requestChecksumCalculation'> = {},
): S3Client =>
  new S3Client({
    ...more,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: SDK_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  });

export const addressOf = ({ bucket, prefix }: Pick<S3Target, 'bucket' | 'prefix'>, key: string) => ({
  Bucket: bucket,
  Key: prefix + key,
});

export const toRequestOptions = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { abortSignal: signal };

/**
 * The etag in an answer about an object. Without one, no write of it could be conditional.
 * @throws {FoveaError} `storage-unavailable` where the answer has none.
 */
export function etagOf(etag: string | undefined, key: string): string {
  if (etag !== undefined && etag !== '') return etag;
  throw new FoveaError(
    'storage-unavailable',
    `The answer for the object "${key}" has no ETag, and conditional writes need one. Check that the endpoint speaks S3 fully.`,
    { param: key },
  );
}

/** Exponential, with full jitter, so that those who collided do not collide again. */
export const pause = (attempt: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt, undefined, signal === undefined ? {} : { signal });
