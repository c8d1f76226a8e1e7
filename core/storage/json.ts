// JSON records in an object store: parsed by a schema, changed by compare and swap. Knows nothing of what they hold.

import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { FoveaError, isFoveaError } from '../errors.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

/** A record with the etag that a later conditional write names. */
export interface JsonRecord<T> {
  readonly value: T;
  readonly etag: string;
}

export interface UpdateJsonOptions {
  /** How many races may be lost before `record-contended` is thrown. Default 30. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** Source of the jitter, in [0, 1). */
  readonly random?: () => number;
}

const DEFAULT_ATTEMPTS = 30;
const FIRST_PAUSE_MS = 4;
/** A write takes some 1 ms on disk and some 50 ms on S3; waiting much longer than a few writes gains nothing. */
const MAX_PAUSE_MS = 250;

const toText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

function invalid(key: string, url: string, problem: string, cause: unknown): FoveaError {
  return new FoveaError(
    'record-invalid',
    `The record "${key}" in ${url} cannot be used: ${problem}. Restore it from a copy, or delete it.`,
    { param: key, cause },
  );
}

function parseRecord<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
  body: Uint8Array,
): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw invalid(key, store.url, `it is not JSON (${body.length} bytes)`, error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`,
  );
  throw invalid(key, store.url, problems.join('; '), parsed.error);
}

/**
 * The record at `key`, or `undefined` where there is none.
 *
 * @throws {FoveaError} `record-invalid`, naming the key, where it is no JSON or does not fit the schema.
 */
export async function readJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
  options: { readonly signal?: AbortSignal } = {},
): Promise<JsonRecord<z.output<S>> | undefined> {
  const object = await store.get(key, options);
  return object && { value: parseRecord(store, key, schema, object.body), etag: object.etag };
}

/**
 * Writes a new record.
 *
 * @throws {PreconditionFailedError} where the key exists.
 */
export async function createJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ObjectInfo> {
  return store.put(key, toText(value), { ...options, ifNoneMatch: '*', contentType: 'application/json' });
}

/**
 * Changes a record by compare and swap: reads it, applies `change`, writes the result if nobody has written meanwhile,
 * and else begins again after a short random pause.
 *
 * @param change gets the newest record and returns the next one, or `undefined` to leave it; may run several times.
 * @returns the record as it is now, with its etag.
 * @throws {FoveaError} `record-missing`; `record-invalid` (stored or changed record does not fit the schema);
 *   `record-contended` after `attempts` lost races. What `change` throws comes through.
 */
export async function updateJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
  change: (current: z.output<S>) => z.input<S> | undefined | Promise<z.input<S> | undefined>,
  { attempts = DEFAULT_ATTEMPTS, signal, random = Math.random }: UpdateJsonOptions = {},
): Promise<JsonRecord<z.output<S>>> {
  const io = signal === undefined ? {} : { signal };
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const current = await readJson(store, key, schema, io);
    if (current === undefined) {
      throw new FoveaError('record-missing', `There is no record "${key}" in ${store.url} to change.`, {
        param: key,
      });
    }
    const next = await change(current.value);
    if (next === undefined) return current;
    const text = toText(next);
    const value = parseRecord(store, key, schema, new TextEncoder().encode(text));
    try {
      const info = await store.put(key, text, {
        ...io,
        ifMatch: current.etag,
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
