// The API keys of a store: created, listed, rotated and removed. A secret leaves this file once, when it is made.

import { FoveaError } from '../errors/errors.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { KEY_RECORD, type KeyRecord, type KeyTerms } from './key-record.ts';
import { createSecret, hashSecret } from './key-secret.ts';

/** A key together with its secret, which nobody can read later. */
export interface NewKey {
  readonly record: KeyRecord;
  readonly secret: string;
}

/** The keys of a store. */
export interface KeyRecords {
  /** @throws {FoveaError} `api-key-exists`. */
  create(name: string, terms: KeyTerms, createdBy: string): Promise<NewKey>;
  /** The key of a name; undefined where there is none. @throws {FoveaError} `record-invalid`, `format-newer`. */
  read(name: string): Promise<KeyRecord | undefined>;
  /** One page, by name. */
  list(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly records: readonly KeyRecord[]; readonly hasMore: boolean }>;
  /**
   * Gives a key a new secret.
   * @param graceSeconds how long the present one stays valid.
   * @throws {FoveaError} `api-key-not-found`.
   */
  rotate(name: string, graceSeconds: number): Promise<NewKey>;
  /** Removes a key, also one whose record is damaged. @throws {FoveaError} `api-key-not-found`. */
  remove(name: string): Promise<void>;
}

/** The store and the clock. */
export interface KeyRecordsDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Opens the keys of a store. */
export function createKeyRecords({ store, now }: KeyRecordsDeps): KeyRecords {
  const nowSeconds = () => Math.floor(now() / 1000);
  const read = async (name: string) => (await readJson(store, keys.apiKey(name), KEY_RECORD))?.value;

  return {
    read,
    async create(name, terms, createdBy) {
      const secret = createSecret(name);
      const record: KeyRecord = {
        ...terms,
        name,
        hash: hashSecret(secret),
        createdAt: nowSeconds(),
        createdBy,
      };
      try {
        await createJson(store, keys.apiKey(name), KEY_RECORD, record);
      } catch (error) {
        if (error instanceof PreconditionFailedError) throw keyExists(name);
        throw error;
      }
      return { record, secret };
    },
    async list({ after, limit }) {
      const startAfter = after === undefined ? {} : { startAfter: keys.apiKey(after) };
      const { items, hasMore } = await takePage(store.list(keys.apiKeys(), startAfter), limit);
      const found = await Promise.all(
        items.map(async ({ key }) => (await readJson(store, key, KEY_RECORD))?.value),
      );
      return { records: found.filter((record) => record !== undefined), hasMore };
    },
    async rotate(name, graceSeconds) {
      const secret = createSecret(name);
      const { value: record } = await updateJson(store, keys.apiKey(name), KEY_RECORD, (current) => ({
        ...current,
        hash: hashSecret(secret),
        rotatedAt: nowSeconds(),
        previous:
          graceSeconds === 0 ? undefined : { hash: current.hash, validUntil: nowSeconds() + graceSeconds },
      })).catch((error: unknown) => {
        throw error instanceof FoveaError && error.code === 'record-missing' ? keyNotFound(name) : error;
      });
      return { record, secret };
    },
    async remove(name) {
      if ((await store.head(keys.apiKey(name))) === undefined) throw keyNotFound(name);
      await store.erase(keys.apiKey(name));
    },
  };
}

/** The error for a name that a key has. */
export const keyExists = (name: string): FoveaError =>
  new FoveaError(
    'api-key-exists',
    `There is an API key "${name}" already. Choose another name, rotate that key, or revoke it first.`,
    { param: 'name', details: { name } },
  );

/** The error for a name that no key of the store has. */
export const keyNotFound = (name: string): FoveaError =>
  new FoveaError(
    'api-key-not-found',
    `There is no API key "${name}" in the store. GET /v1/keys lists those that there are. Keys of the operator's file or secret are changed ` +
      'there.',
    { param: 'name', details: { name } },
  );
