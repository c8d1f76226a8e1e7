// Counts the pictures that this process has predicted, by day, key and model, and writes the sums into the store now and then. Each process
// has an object of its own for each day, so that none waits for another.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { withFormat } from '../storage/parse-stored.ts';

/** How often sums are written, in milliseconds: a process that is killed loses what it counted since. */
export const FLUSH_MS = 5000;

const DAY_LENGTH = 'YYYY-MM-DD'.length;
const ID_BYTES = 8;

/** What one process counted on one day (UTC). */
export const UsageCountsSchema = z.object({
  counts: z.array(
    z.object({ key: z.string().nullable(), model: z.string(), predictions: z.number().int().nonnegative() }),
  ),
});
/** The format of {@link UsageCountsSchema}. */
export const USAGE_COUNTS = { ...FORMATS.usageCounts, schema: UsageCountsSchema };

/** Pictures that were predicted for one key by one model. */
export interface PredictionCount {
  /** Null where the server requires no keys. */
  readonly key: string | null;
  readonly model: string;
  readonly predictions: number;
}

/** The counter of one process. */
export interface UsageCounter {
  /** Adds to the sums at once. With `flushesOnCount`, resolves when they are written, if it is time to; it never rejects. */
  count(counted: PredictionCount): Promise<void>;
  /** Pictures that this process has counted today for a key. */
  countedToday(key: string): number;
  /** The key of the object that this process writes on a day. */
  objectOf(day: string): string;
  /** Writes what has changed. */
  flush(): Promise<void>;
}

/** Where sums are written, and when. */
export interface UsageCounterOptions {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Whether nobody calls {@link UsageCounter.flush} regularly: `count` does, at most every {@link FLUSH_MS}. */
  readonly flushesOnCount: boolean;
  /** Is told why sums were not written; they are kept, and written with the next ones. */
  readonly onError: (error: unknown) => void;
}

/** The day of a time, e.g. `2026-01-31` (UTC). */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, DAY_LENGTH);

/** A counter that has counted nothing. */
export function createUsageCounter({
  store,
  now,
  flushesOnCount,
  onError,
}: UsageCounterOptions): UsageCounter {
  const processId = randomBytes(ID_BYTES).toString('hex');
  const days = new Map<string, Map<string, PredictionCount>>();
  const changed = new Set<string>();
  let flushedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const idOf = ({ key, model }: Pick<PredictionCount, 'key' | 'model'>) => JSON.stringify([key, model]);

  const objectOf = (day: string) => keys.usageCounts(day, processId);

  async function write(): Promise<void> {
    flushedMs = now();
    for (const day of [...changed]) {
      changed.delete(day);
      const counts = [...(days.get(day)?.values() ?? [])];
      try {
        const text = JSON.stringify(withFormat(USAGE_COUNTS, { counts }));
        await store.put(objectOf(day), text, { contentType: 'application/json' });
        if (day < dayOf(now()) && !changed.has(day)) days.delete(day);
      } catch (error) {
        changed.add(day);
        onError(error);
      }
    }
  }

  async function flush(): Promise<void> {
    // What was counted while a flush was under way is in the next one.
    await running;
    if (changed.size === 0) return;
    running = write().finally(() => {
      running = undefined;
    });
    await running;
  }

  return {
    flush,
    objectOf,
    countedToday: (wanted) =>
      [...(days.get(dayOf(now()))?.values() ?? [])]
        .filter(({ key }) => key === wanted)
        .reduce((sum, { predictions }) => sum + predictions, 0),
    async count(counted) {
      const day = dayOf(now());
      const sums = days.get(day) ?? new Map<string, PredictionCount>();
      days.set(day, sums);
      const id = idOf(counted);
      sums.set(id, { ...counted, predictions: (sums.get(id)?.predictions ?? 0) + counted.predictions });
      changed.add(day);
      if (flushesOnCount && running === undefined && now() - flushedMs >= FLUSH_MS) await flush();
    },
  };
}
