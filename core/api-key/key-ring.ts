// Finds the API key that a client sent: among the operator's configured keys, then among those of the store, of which it remembers for
// seconds what it read.

import { FoveaError } from '../errors/errors.ts';
import { isUnreadable } from '../storage/json.ts';
import { type ConfiguredKeys, findConfigured } from './configured-keys.ts';
import type { KeyRecord } from './key-record.ts';
import type { KeyRecords } from './key-records.ts';
import { hashSecret, isSameHash, nameInSecret } from './key-secret.ts';
import type { FindKey, KnownKey } from './known-key.ts';

/** How long a record is remembered, in milliseconds: after so long, a revoked key is refused by every process. */
export const KEY_MEMORY_MS = 5000;
/** The most names that are remembered, also of keys that there are not. */
const MAX_REMEMBERED = 1000;

/** All keys of an installation. */
export interface KeyRing {
  /** @throws {FoveaError} `api-key-expired`; what reading the store throws. */
  readonly find: FindKey;
  /** Whether a configured key has this name. */
  isConfigured(name: string): Promise<boolean>;
  /** Reads the key anew at its next use. */
  forget(name: string): void;
  readonly records: KeyRecords;
}

/** Where keys are kept, and the clock. */
export interface KeyRingDeps {
  readonly configured: ConfiguredKeys;
  readonly records: KeyRecords;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** All keys of an installation. Where a configured key and one of the store have the same name, only the configured one is valid. */
export function createKeyRing({ configured, records, now }: KeyRingDeps): KeyRing {
  const findInConfiguration = findConfigured(configured);
  const remembered = new Map<
    string,
    { readonly record: Promise<KeyRecord | undefined>; readonly untilMs: number }
  >();

  function recordOf(name: string): Promise<KeyRecord | undefined> {
    const known = remembered.get(name);
    if (known !== undefined && now() < known.untilMs) return known.record;
    const record = records.read(name);
    // The first of a Map is the one that was set first.
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.delete(name);
    remembered.set(name, { record, untilMs: now() + KEY_MEMORY_MS });
    record.catch(() => remembered.delete(name));
    return record;
  }

  return {
    records,
    isConfigured: async (name) => Object.hasOwn(await configured(), name),
    forget: (name) => void remembered.delete(name),
    async find(secret) {
      const found = await findInConfiguration(secret);
      if (found !== undefined) return found;
      const name = nameInSecret(secret);
      if (name === undefined || Object.hasOwn(await configured(), name)) return undefined;
      const record = await recordOf(name).catch((error: unknown) => {
        // Its secret cannot be checked. Lists of keys say what is wrong.
        if (isUnreadable(error)) return undefined;
        throw error;
      });
      if (record === undefined || !isSecretOf(record, hashSecret(secret), now())) return undefined;
      const { expiresAt } = record;
      if (expiresAt !== undefined && now() >= expiresAt * 1000) throw expired(record.name, expiresAt);
      return toKnown(record);
    },
  };
}

function isSecretOf({ hash, previous, older = [] }: KeyRecord, wanted: string, nowMs: number): boolean {
  const isPresent = isSameHash(hash, wanted);
  const former = [...(previous === undefined ? [] : [previous]), ...older];
  const isFormer = former.filter((one) => isSameHash(one.hash, wanted) && nowMs < one.validUntil * 1000);
  return isPresent || isFormer.length > 0;
}

const toKnown = (record: KeyRecord): KnownKey => ({
  name: record.name,
  createdAt: record.createdAt,
  expiresAt: record.expiresAt,
  scopes: record.scopes,
  datasets: record.datasets,
  models: record.models,
  requestsPerMinute: record.requestsPerMinute,
  predictionsPerDay: record.predictionsPerDay,
});

const expired = (name: string, expiresAt: number) =>
  new FoveaError(
    'api-key-expired',
    `The API key "${name}" ended on ${new Date(expiresAt * 1000).toISOString()}. Ask the operator of this installation for another.`,
    { param: 'Authorization', details: { key: name, expiresAt } },
  );
