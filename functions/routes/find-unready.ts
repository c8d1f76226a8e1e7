// Says whether requests can be served, for every protocol that is asked for it.

import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { STORAGE_CODES } from '../../core/errors/storage-codes.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';

/** Why requests cannot be served. */
export interface Unready {
  readonly reason: string;
  readonly code?: ErrorCode | 'server-stopping';
}

/**
 * Looks whether requests can be served.
 * @param requestId for the log, where it is the store that fails.
 * @returns undefined where they can.
 */
export async function findUnready(
  { store, checkWritable, isStopping, logger }: AppDeps,
  requestId: string,
): Promise<Unready | undefined> {
  if (isStopping?.() === true) return { reason: 'The server is stopping.', code: 'server-stopping' };
  try {
    // Any key that the API may read does; that there is no such object is an answer, too.
    await store.head(keys.idempotency('ready'));
    await checkWritable?.();
    return undefined;
  } catch (error) {
    logger.error('not ready', { request_id: requestId, error });
    return reasonOf(error);
  }
}

/** The general text of the code, because the error's own message may name buckets and folders. */
const reasonOf = (error: unknown): Unready =>
  isFoveaError(error) && error.code in STORAGE_CODES
    ? { reason: STORAGE_CODES[error.code as keyof typeof STORAGE_CODES], code: error.code }
    : { reason: 'The object store does not answer.' };
