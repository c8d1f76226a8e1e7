// Turns errors of the S3 SDK into errors of the project. Knows nothing of requests.

import { S3ServiceException } from '@aws-sdk/client-s3';
import type { ErrorCode } from '../../../errors/error-codes.ts';
import { FoveaError } from '../../../errors/errors.ts';

/** HTTP status of S3's answer; `undefined` for an error that is not an answer of S3. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** How many times the SDK sent the request that failed. Above 1, a request whose answer was lost may have succeeded. */
export const attemptsOf = (error: unknown): number =>
  error instanceof S3ServiceException ? (error.$metadata.attempts ?? 1) : 1;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Whether there is no such object. A missing bucket is another error; but the answer to HEAD does not tell them apart. */
export const isNoSuchKey = (error: unknown): boolean =>
  statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';

/** Whether the caller has aborted the request. */
export const isAbort = (error: unknown): boolean => nameOf(error) === 'AbortError';

interface Meaning {
  readonly code: ErrorCode;
  readonly advice: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: {
    code: 'storage-bucket-missing',
    advice: 'Create the bucket, or correct its name, region or endpoint.',
  },
  KeyTooLongError: {
    code: 'key-too-long',
    advice: 'S3 allows 1024 bytes, its prefix included; shorten the key.',
  },
  NotImplemented: {
    code: 'storage-unconditional',
    advice:
      'The server does not know what the request asks for, such as conditional writes. Use a version that does.',
  },
  EntityTooLarge: { code: 'object-too-large', advice: 'A single upload holds at most 5 GB.' },
  InvalidObjectState: {
    code: 'object-archived',
    advice:
      'The object is in an archive (storage class GLACIER or DEEP_ARCHIVE): restore it, or copy it to STANDARD.',
  },
  PermanentRedirect: { code: 'storage-denied', advice: 'The bucket lies in another region; name that one.' },
};
const DENIED: Meaning = {
  code: 'storage-denied',
  advice:
    'Check the credentials and that they allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on it, and to ' +
    'erase also s3:DeleteObjectVersion and s3:ListBucketVersions (without s3:ListBucket, S3 answers 403 even for a key that does not exist).',
};
const NO_REGION: Meaning = { code: 'storage-denied', advice: 'Set AWS_REGION to the region of the bucket.' };
const REGION_MISSING = 'Region is missing';
const UNAVAILABLE: Meaning = { code: 'storage-unavailable', advice: 'Try again later; see the cause.' };

/** An error that no server has answered with, e.g. `Error: connect ECONNREFUSED 127.0.0.1:9000`. */
const describeLocal = ({ name, message }: Error) =>
  message === REGION_MISSING ? REGION_MISSING : `${name}: ${message}`;

/** Turns the error of a failed request into one of the project. Errors of the project and aborts are returned unchanged. */
export function toStorageError(error: unknown, action: string, url: string): unknown {
  if (error instanceof FoveaError || isAbort(error) || !(error instanceof Error)) return error;
  const status = statusOf(error);
  const denied = status === 401 || status === 403 || error.name === 'CredentialsProviderError';
  const other = error.message === REGION_MISSING ? NO_REGION : UNAVAILABLE;
  const { code, advice } = MEANINGS[error.name] ?? (denied ? DENIED : other);
  const received = status === undefined ? describeLocal(error) : `${error.name}, HTTP ${status}`;
  return new FoveaError(code, `Could not ${action} "${url}" (${received}). ${advice}`, {
    param: url,
    details: { reason: error.name, ...(status === undefined ? {} : { status }) },
    cause: error,
  });
}
