// The API keys of a store: created, listed, rotated and removed. A secret leaves this file once, when it is made.

import { FoveaError } from '../errors/errors.ts';
import { createJson, isUnreadable, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { KEY_RECORD, KeyNameSchema, type KeyRecord, type KeyTerms } from './key-record.ts';
import { createSecret, hashSecret } from './key-secret.ts';

/** A key together with its secret, which nobody can read later. */
export interface NewKey {
  readonly record: KeyRecord;
  readonly secret: string;
}

/** A key of a list: its record, or why that cannot be used. */
export type FoundKey =
  | { readonly record: KeyRecord }
  | { readonly name: string; readonly problem: FoveaError };

/** Former secrets that are kept for one key: more than anybody rotates within a week, and little to compare. */
const MAX_FORMER_SECRETS = 64;

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
  }): Promise<{ readonly found: readonly FoundKey[]; readonly hasMore: boolean }>;
  /**
   * Gives a key a new secret.
   * @param graceSeconds how long the present one stays valid; those before it keep their time. With 0, all of them end now.
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
      const names = namesOf(store.list(keys.apiKeys(), startAfter));
      const { items, hasMore } = await takePage(names, limit);
      const found = await Promise.all(
        items.map(async (name): Promise<FoundKey | undefined> => {
          try {
            const record = await read(name);
            return record && { record };
          } catch (problem) {
            if (isUnreadable(problem)) return { name, problem };
            throw problem;
          }
        }),
      );
      return { found: found.filter((one) => one !== undefined), hasMore };
    },
    async rotate(name, graceSeconds) {
      const secret = createSecret(name);
      const { value: record } = await updateJson(store, keys.apiKey(name), KEY_RECORD, (current) => ({
        ...current,
        hash: hashSecret(secret),
        rotatedAt: nowSeconds(),
        ...formerSecrets(current, graceSeconds, nowSeconds()),
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

/** The secrets before the one that is made now, newest first. */
function formerSecrets(
  { hash, previous, older = [] }: KeyRecord,
  graceSeconds: number,
  nowSeconds: number,
): Pick<KeyRecord, 'previous' | 'older'> {
  if (graceSeconds === 0) return { previous: undefined, older: undefined };
  const before = [...(previous === undefined ? [] : [previous]), ...older];
  const valid = before.filter(({ validUntil }) => validUntil > nowSeconds);
  return {
    previous: { hash, validUntil: nowSeconds + graceSeconds },
    older: valid.length === 0 ? undefined : valid.slice(0, MAX_FORMER_SECRETS),
  };
}

/** The names of keys in a listing. Other objects are none. */
async function* namesOf(objects: AsyncIterable<{ readonly key: string }>): AsyncGenerator<string> {
  for await (const { key } of objects) {
    const { data: name } = KeyNameSchema.safeParse(key.slice(keys.apiKeys().length).replace(/\.json$/, ''));
    if (name !== undefined && key === keys.apiKey(name)) yield name;
  }
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
