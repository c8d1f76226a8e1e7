// An object store that retries failed calls where that may help. For trainers: a fault of the storage that lasts seconds must not
// cost hours of work. Knows nothing of what is stored.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import {
  type ObjectInfo,
  type ObjectStore,
  PreconditionFailedError,
  type StoredObject,
} from './object-store.ts';

/** Errors that may pass. All others (denied, full, a bad key) would come again. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'storage-unavailable',
  'storage-conflict',
  'storage-read-truncated',
]);

/** How often and how fast failed calls are retried. */
export interface RetryOptions {
  /** Number of tries; 8, the default, take about half a minute. */
  readonly attempts?: number;
  /** Longest first pause. Each pause is random, and up to twice as long as the one before (AWS's "full jitter"). */
  readonly firstPauseMs?: number;
  readonly maxPauseMs?: number;
  readonly random?: () => number;
  /** Is told of every failure that is retried. */
  readonly onRetry?: (failure: {
    readonly action: string;
    readonly key: string;
    readonly attempt: number;
    readonly error: FoveaError;
  }) => void;
}

/** Wraps a store with retries. A listing that fails resumes after the last key that it gave. */
export function createRetryingStore(store: ObjectStore, options: RetryOptions = {}): ObjectStore {
  const { attempts = 8, firstPauseMs = 200, maxPauseMs = 10_000, random = Math.random, onRetry } = options;

  async function pauseAfter(
    error: unknown,
    attempt: number,
    action: string,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (attempt >= attempts || !isFoveaError(error) || !TRANSIENT.has(error.code)) throw error;
    onRetry?.({ action, key, attempt, error });
    const pauseMs = random() * Math.min(maxPauseMs, firstPauseMs * 2 ** (attempt - 1));
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
  }

  async function retry<T>(
    action: string,
    key: string,
    signal: AbortSignal | undefined,
    work: (attempt: number) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(attempt);
      } catch (error) {
        await pauseAfter(error, attempt, action, key, signal);
      }
    }
  }

  async function* resuming<T>(
    prefix: string,
    signal: AbortSignal | undefined,
    startAfter: string | undefined,
    open: (startAfter: string | undefined) => AsyncIterable<T>,
    positionOf: (item: T) => string,
  ): AsyncGenerator<T> {
    let position = startAfter;
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const item of open(position)) {
          position = positionOf(item);
          attempt = 1;
          yield item;
        }
        return;
      } catch (error) {
        await pauseAfter(error, attempt, 'list', prefix, signal);
      }
    }
  }

  return {
    url: store.url,
    get: (key, getOptions) =>
      retry('read', key, getOptions?.signal, async () => {
        const object = await store.get(key, getOptions);
        if (object !== undefined && getOptions?.range === undefined) assertWhole(object);
        return object;
      }),
    head: (key, headOptions) => retry('read', key, headOptions?.signal, () => store.head(key, headOptions)),
    put: (key, body, putOptions) =>
      retry('write', key, putOptions?.signal, async (attempt) => {
        try {
          return await store.put(key, body, putOptions);
        } catch (error) {
          // The answer to an earlier try may have been lost; then this write has happened.
          const mine =
            attempt > 1 && error instanceof PreconditionFailedError
              ? await storedAs(store, key, body)
              : undefined;
          if (mine === undefined) throw error;
          return mine;
        }
      }),
    delete: (key, deleteOptions) =>
      retry('delete', key, deleteOptions?.signal, () => store.delete(key, deleteOptions)),
    erase: (key, eraseOptions) =>
      retry('erase', key, eraseOptions?.signal, () => store.erase(key, eraseOptions)),
    eraseAll: (prefix, eraseOptions) =>
      retry('erase', prefix, eraseOptions?.signal, () => store.eraseAll(prefix, eraseOptions)),
    list: (prefix, { startAfter, signal } = {}) =>
      resuming(
        prefix,
        signal,
        startAfter,
        (position) => store.list(prefix, { ...given({ startAfter: position }), ...given({ signal }) }),
        ({ key }) => key,
      ),
    listFolders: (prefix, { startAfter, signal } = {}) =>
      resuming(
        prefix,
        signal,
        startAfter,
        (position) => store.listFolders(prefix, { ...given({ startAfter: position }), ...given({ signal }) }),
        (folder) => folder,
      ),
  };
}

const given = <K extends string, T>(option: { readonly [key in K]: T | undefined }) =>
  Object.fromEntries(Object.entries(option).filter(([, value]) => value !== undefined)) as {
    [key in K]?: T;
  };

function assertWhole({ key, body, sizeBytes }: StoredObject): void {
  if (body.byteLength === sizeBytes) return;
  throw new FoveaError(
    'storage-read-truncated',
    `Of the ${sizeBytes} bytes of "${key}" only ${body.byteLength} arrived. Try again.`,
    { param: key, details: { sizeBytes, receivedBytes: body.byteLength } },
  );
}

/** The stored object, if it is `body`. */
async function storedAs(
  store: ObjectStore,
  key: string,
  body: Uint8Array | string,
): Promise<ObjectInfo | undefined> {
  const stored = await store.get(key);
  if (stored !== undefined) assertWhole(stored);
  if (stored === undefined || Buffer.compare(stored.body, Buffer.from(body as Uint8Array)) !== 0)
    return undefined;
  const { body: _, ...info } = stored;
  return info;
}
