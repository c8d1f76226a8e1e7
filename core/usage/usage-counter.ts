// Counts the pictures that this process has predicted, by day, key and model, and writes the sums into the store now and then. Each process
// has an object of its own for each day, so that none waits for another.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { binOf, CALIBRATION_BINS } from '../evaluation/calibration.ts';
import { FORMATS } from '../storage/formats.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { withFormat } from '../storage/parse-stored.ts';

/** How often sums are written, in milliseconds: a process that is killed loses what it counted since. */
export const FLUSH_MS = 5000;

/** The sums of one day, by what they are of. */
interface DaySums {
  readonly counts: Map<string, PredictionCount>;
  readonly scores: Map<string, ScoreCount>;
}

const DAY_LENGTH = 'YYYY-MM-DD'.length;
const ID_BYTES = 8;

/** What one process counted on one day (UTC). */
export const UsageCountsSchema = z.object({
  counts: z.array(
    z.object({ key: z.string().nullable(), model: z.string(), predictions: z.number().int().nonnegative() }),
  ),
  /** How sure the versions of models were; earlier versions of Fovea did not count that. */
  scores: z
    .array(
      z.object({
        model: z.string(),
        version: z.string(),
        /** Pictures by their best score, in {@link CALIBRATION_BINS} bins of equal width as those of reports. */
        bins: z.array(z.number().int().nonnegative()).length(CALIBRATION_BINS),
        /** Sum of the best scores. */
        total: z.number().nonnegative(),
        rejected: z.number().int().nonnegative(),
      }),
    )
    .optional(),
});
/** The format of {@link UsageCountsSchema}. */
export const USAGE_COUNTS = { ...FORMATS.usageCounts, schema: UsageCountsSchema };

/** The scores of one version of a model that one process counted on one day. */
export type ScoreCount = NonNullable<z.infer<typeof UsageCountsSchema>['scores']>[number];

/** Pictures that were predicted for one key by one model. */
export interface PredictionCount {
  /** Null where the server requires no keys. */
  readonly key: string | null;
  readonly model: string;
  readonly predictions: number;
}

/** Pictures that were predicted, and how sure their answers were. */
export interface CountedPredictions extends PredictionCount {
  readonly scores?: {
    readonly version: string;
    /** The best score of each picture, 0 to 1. */
    readonly best: readonly number[];
    /** How many of them were rejected. */
    readonly rejected: number;
  };
}

/** The counter of one process. */
export interface UsageCounter {
  /** Adds to the sums at once. With `flushesOnCount`, resolves when they are written, if it is time to; it never rejects. */
  count(counted: CountedPredictions): Promise<void>;
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
  const days = new Map<string, DaySums>();
  const changed = new Set<string>();
  let flushedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const idOf = ({ key, model }: Pick<PredictionCount, 'key' | 'model'>) => JSON.stringify([key, model]);

  const objectOf = (day: string) => keys.usageCounts(day, processId);

  async function write(): Promise<void> {
    flushedMs = now();
    for (const day of [...changed]) {
      changed.delete(day);
      const counts = [...(days.get(day)?.counts.values() ?? [])];
      const scores = [...(days.get(day)?.scores.values() ?? [])];
      try {
        const text = JSON.stringify(withFormat(USAGE_COUNTS, { counts, scores }));
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
      [...(days.get(dayOf(now()))?.counts.values() ?? [])]
        .filter(({ key }) => key === wanted)
        .reduce((sum, { predictions }) => sum + predictions, 0),
    async count({ scores, ...counted }) {
      const day = dayOf(now());
      const sums = days.get(day) ?? { counts: new Map(), scores: new Map() };
      days.set(day, sums);
      const id = idOf(counted);
      const predictions = (sums.counts.get(id)?.predictions ?? 0) + counted.predictions;
      sums.counts.set(id, { ...counted, predictions });
      if (scores !== undefined) addScores(sums.scores, counted.model, scores);
      changed.add(day);
      if (flushesOnCount && running === undefined && now() - flushedMs >= FLUSH_MS) await flush();
    },
  };
}

function addScores(
  sums: DaySums['scores'],
  model: string,
  { version, best, rejected }: NonNullable<CountedPredictions['scores']>,
): void {
  const id = JSON.stringify([model, version]);
  const before = sums.get(id);
  const bins = before?.bins ?? new Array<number>(CALIBRATION_BINS).fill(0);
  for (const score of best) {
    const bin = binOf(score);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const total = best.reduce((sum, score) => sum + score, before?.total ?? 0);
  sums.set(id, { model, version, bins, total, rejected: (before?.rejected ?? 0) + rejected });
}
