// Where requests to S3 go and how they are sent: bucket, prefix, client. Knows nothing of what is requested.

import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { FoveaError } from '../../../errors/errors.ts';

const SDK_ATTEMPTS = 5;
const CONNECTION_TIMEOUT_MS = 5_000;
/** Without a byte for this long, a connection counts as dead. */
const IDLE_TIMEOUT_MS = 60_000;
const FIRST_PAUSE_MS = 25;

/** Metadata with the id of a write. It tells our own write from another one where an answer was lost. */
export const WRITE_ID = 'fovea-write';

/** How to reach S3 where no client is given. */
export interface S3ClientOptions {
  /** Default: what the SDK finds in the environment or the profile. */
  readonly region?: string;
  /** URL of a server other than AWS's; implies path-style addresses. */
  readonly endpoint?: string;
  /** Default: what the SDK finds. */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
}

/** A store in a bucket. */
export interface S3Target {
  readonly client: S3Client;
  readonly bucket: string;
  /** Prefix of the store's keys in the bucket: empty, or ending in `/`. */
  readonly prefix: string;
  readonly url: string;
}

/** The SDK takes a server's address from these, but not how that server's buckets are addressed. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'] as const;

/** Makes a client with the project's timeouts and retries. A server other than AWS's gets path-style addresses. */
export const createClient = (
  { region, endpoint, credentials }: S3ClientOptions,
  more: Pick<S3ClientConfig, 'requestChecksumCalculation'> = {},
): S3Client =>
  new S3Client({
    ...more,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: endpoint !== undefined || ENDPOINT_VARIABLES.some((name) => Boolean(process.env[name])),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: SDK_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  });

/** Bucket and full key of an object, as commands take them. */
export const addressOf = ({ bucket, prefix }: Pick<S3Target, 'bucket' | 'prefix'>, key: string) => ({
  Bucket: bucket,
  Key: prefix + key,
});

/** The SDK's options for a request with this signal. */
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

/** Waits before the next attempt: exponential with full jitter, so that writers that collided do not collide again. */
export const pause = (attempt: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt, undefined, signal === undefined ? {} : { signal });
