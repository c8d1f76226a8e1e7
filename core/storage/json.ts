// JSON records in an object store, which are read by their format and changed by compare and swap. Knows nothing of what they hold.

import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import type { FormatNumber, StoredFormat } from './formats.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';
import { parseStored, withFormat } from './parse-stored.ts';
import { stringifyWithUnknown } from './unknown-fields.ts';

/** A record with its etag, which a later conditional write names. */
export interface JsonRecord<T> {
  readonly value: T;
  readonly etag: string;
}

/** How a record is changed. */
export interface UpdateJsonOptions<T = never> {
  /** The value that stands for a damaged record, so that it can be replaced. Default: a damaged record throws. */
  readonly ifInvalid?: T;
  /** Number of tries before `record-contended` is thrown. Default: 30. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** Source of the jitter, in [0, 1). */
  readonly random?: () => number;
}

const DEFAULT_ATTEMPTS = 30;
const FIRST_PAUSE_MS = 4;
/** Longest pause. A write takes about 1 ms on disk and 50 ms on S3; waiting much longer than a few writes gains nothing. */
const MAX_PAUSE_MS = 250;

const toText = (format: FormatNumber, value: object): string =>
  stringifyWithUnknown(withFormat(format, value));

function parseRecord<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  format: StoredFormat<S>,
  body: Uint8Array,
): z.output<S> {
  const parsed = parseStored(format, key, body);
  if ('value' in parsed) return parsed.value;
  throw new FoveaError(
    'record-invalid',
    `The ${format.kind} "${key}" in ${store.url} cannot be used: ${parsed.problem}. Restore it from a copy, or delete it.`,
    { param: key, details: { kind: format.kind, key }, cause: parsed.cause },
  );
}

/** Whether an error means that this one record cannot be used; others may be fine. */
export const isUnreadable = (error: unknown): error is FoveaError =>
  isFoveaError(error, 'record-invalid') || isFoveaError(error, 'format-newer');

/**
 * Reads the record at `key`; `undefined` where there is none.
 *
 * @throws {FoveaError} `record-invalid`, naming the key, where it is no JSON or does not fit its format;
 *   `format-newer` where a newer Fovea wrote it.
 */
export async function readJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  format: StoredFormat<S>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<JsonRecord<z.output<S>> | undefined> {
  const object = await store.get(key, options);
  return object && { value: parseRecord(store, key, format, object.body), etag: object.etag };
}

/**
 * Writes a new record.
 *
 * @throws {PreconditionFailedError} where the key exists.
 */
export async function createJson(
  store: ObjectStore,
  key: string,
  format: FormatNumber,
  value: object,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ObjectInfo> {
  return store.put(key, toText(format, value), {
    ...options,
    ifNoneMatch: '*',
    contentType: 'application/json',
  });
}

/**
 * Changes a record by compare and swap: reads it, applies `change`, and writes the result if nobody has written meanwhile; otherwise it
 * begins again after a short random pause. Fields that this version does not know stay with their objects, where `change` passes
 * these on whole or by `{ ...object }`.
 *
 * @param change gets the newest record and returns the changed one, or `undefined` to change nothing. It may run several times.
 * @returns the current record with its etag.
 * @throws {FoveaError} `record-missing`; `record-invalid` (stored or changed record does not fit its format); `format-newer`;
 *   `record-contended` after `attempts` lost races. What `change` throws comes through.
 */
export async function updateJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  format: StoredFormat<S>,
  change: (current: z.output<S>) => z.input<S> | undefined | Promise<z.input<S> | undefined>,
  {
    attempts = DEFAULT_ATTEMPTS,
    signal,
    random = Math.random,
    ifInvalid,
  }: UpdateJsonOptions<z.output<S>> = {},
): Promise<JsonRecord<z.output<S>>> {
  const io = signal === undefined ? {} : { signal };
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const object = await store.get(key, io);
    if (object === undefined) {
      throw new FoveaError('record-missing', `There is no record "${key}" in ${store.url} to change.`, {
        param: key,
      });
    }
    const current = parseOr(ifInvalid, () => parseRecord(store, key, format, object.body));
    const next = await change(current);
    if (next === undefined) return { value: current, etag: object.etag };
    const text = toText(format, next as object);
    const value = parseRecord(store, key, format, new TextEncoder().encode(text));
    try {
      const info = await store.put(key, text, {
        ...io,
        ifMatch: object.etag,
        contentType: 'application/json',
      });
      return { value, etag: info.etag };
    } catch (error) {
      if (!isFoveaError(error, 'precondition-failed')) throw error;
    }
    const pauseMs = random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    await sleep(pauseMs, undefined, io);
  }
  throw new FoveaError(
    'record-contended',
    `The record "${key}" in ${store.url} was not changed: other writers were faster ${attempts} times. Try again.`,
    { param: key, details: { attempts } },
  );
}

/**
 * Changes a record as {@link updateJson} does, or makes it where there is none.
 *
 * @param empty what `change` gets where there is no record.
 * @returns the record afterwards; `empty` where there is none still.
 * @throws {FoveaError} as {@link updateJson}, without `record-missing`.
 */
export async function changeOrCreateJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  format: StoredFormat<S>,
  empty: z.output<S>,
  change: (
    current: z.output<S>,
  ) => (z.output<S> & object) | undefined | Promise<(z.output<S> & object) | undefined>,
): Promise<z.output<S>> {
  for (;;) {
    if ((await store.head(key)) === undefined) {
      const first = await change(empty);
      if (first === undefined) return empty;
      try {
        await createJson(store, key, format, first);
        return first;
      } catch (error) {
        if (!isFoveaError(error, 'precondition-failed')) throw error;
      }
    }
    try {
      return (await updateJson(store, key, format, change as Parameters<typeof updateJson<S>>[3])).value;
    } catch (error) {
      // It was deleted since.
      if (!isFoveaError(error, 'record-missing')) throw error;
    }
  }
}

function parseOr<T>(ifInvalid: T | undefined, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (ifInvalid !== undefined && isFoveaError(error, 'record-invalid')) return ifInvalid;
    throw error;
  }
}
