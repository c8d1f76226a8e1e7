// How many pictures a key may still have predicted today: what this process has counted, and what all others had written when they were
// asked last.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { dayOf, USAGE_COUNTS, type UsageCounter } from './usage-counter.ts';

/** How long the counts of other processes are taken for their present ones, in milliseconds. */
export const OTHERS_MEMORY_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What a quota is checked with. */
export interface DailyQuotaDeps {
  readonly store: ObjectStore;
  readonly usage: UsageCounter;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The key, and how many pictures it may have predicted on one day (UTC). */
export interface QuotaOfKey {
  readonly name: string;
  readonly predictionsPerDay?: number | undefined;
}

/**
 * Keeps pictures of a key's quota for a request, until they are counted or turn out to get no prediction.
 * @returns a function that gives them back; it is called after those that were predicted are counted.
 * @throws {FoveaError} `quota-exceeded`.
 */
export type ReserveQuota = (key: QuotaOfKey, pictures: number) => Promise<() => void>;

/** Quotas that are exact for one process, and half a minute behind the others. For a key without one, nothing is read. */
export function createDailyQuota({ store, usage, now }: DailyQuotaDeps): ReserveQuota {
  const reserved = new Map<string, number>();
  let others:
    | { readonly day: string; readonly untilMs: number; readonly sums: Promise<Map<string, number>> }
    | undefined;

  async function readOthers(day: string): Promise<Map<string, number>> {
    const own = usage.objectOf(day);
    const found: string[] = [];
    for await (const { key } of store.list(keys.usageOfDay(day))) if (key !== own) found.push(key);
    const all = await mapConcurrently(found, async (key) => {
      try {
        return (await readJson(store, key, USAGE_COUNTS))?.value.counts ?? [];
      } catch (error) {
        if (isUnreadable(error)) return [];
        throw error;
      }
    });
    const sums = new Map<string, number>();
    for (const { key, predictions } of all.flat())
      if (key !== null) sums.set(key, (sums.get(key) ?? 0) + predictions);
    return sums;
  }

  function reserve(name: string, pictures: number): () => void {
    const add = (more: number) => {
      const sum = (reserved.get(name) ?? 0) + more;
      if (sum === 0) reserved.delete(name);
      else reserved.set(name, sum);
    };
    add(pictures);
    return () => add(-pictures);
  }

  return async ({ name, predictionsPerDay }, pictures) => {
    if (predictionsPerDay === undefined) return () => undefined;
    const day = dayOf(now());
    if (others?.day !== day || now() >= others.untilMs) {
      const sums = readOthers(day);
      others = { day, untilMs: now() + OTHERS_MEMORY_MS, sums };
      sums.catch(() => {
        others = undefined;
      });
    }
    const ofOthers = (await others.sums).get(name) ?? 0;
    // Nothing is awaited from here on, so that no other request finds the same pictures free.
    const used = ofOthers + usage.countedToday(name) + (reserved.get(name) ?? 0);
    if (used + pictures <= predictionsPerDay) return reserve(name, pictures);
    const retryAfterSeconds = Math.ceil((Date.parse(day) + DAY_MS - now()) / 1000);
    throw new FoveaError(
      'quota-exceeded',
      `The API key "${name}" may have ${predictionsPerDay} pictures predicted a day, has had ${used}, and asks for ${pictures} more. The next ` +
        `day begins in ${retryAfterSeconds} s (UTC). Ask the operator of this installation for a key with more.`,
      {
        param: 'Authorization',
        details: { key: name, predictionsPerDay, used, asked: pictures, retryAfterSeconds },
      },
    );
  };
}
