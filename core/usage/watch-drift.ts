// Compares how sure each served version was in the last days with how sure it was when it was judged. Knows no HTTP.

import { LRUCache } from 'lru-cache';
import { mapConcurrently } from '../concurrently.ts';
import { DRIFT_INDEX, type ScoreDrift, scoreDrift } from '../evaluation/score-drift.ts';
import { REPORT, REPORT_FILE } from '../model/report.ts';
import { isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { dayOf, type ScoreCount, USAGE_COUNTS } from './usage-counter.ts';

/** The scores of a version that was served, beside those of its report. */
export interface VersionDrift {
  readonly model: string;
  readonly version: string;
  /** Pictures that were predicted in the last {@link WINDOW_DAYS} days. */
  readonly pictures: number;
  /** Mean of their best scores, and that of the pictures on which the version was judged. */
  readonly meanScore: number;
  readonly judgedMeanScore: number;
  /** Share of them that was rejected, and that of the judged ones; `undefined` where the version has no threshold. */
  readonly rejected: number;
  readonly judgedRejected: number | undefined;
  readonly drift: ScoreDrift;
  /** The first of the days, e.g. `2026-01-31`, since which the drift has been large without a break; `undefined` where it is not. */
  readonly since: string | undefined;
}

/** Days that count as the present, with today. */
export const WINDOW_DAYS = 7;
/** How far back the beginning of a drift is looked for, in days. */
const HISTORY_DAYS = 28;
/** A day with fewer pictures says nothing of itself. */
const LEAST_PICTURES = 30;
/** Reports that are remembered; each takes a few hundred bytes. */
const MOST_REPORTS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

interface Reference {
  readonly bins: readonly number[];
  readonly meanScore: number;
  readonly rejected: number | undefined;
  /** The day on which the version was made; what was counted before belongs to another of the same name. */
  readonly day: string;
}

/** Gives the drift of all versions that were served in the last days and have a report of judged pictures. */
export function createDriftWatch({
  store,
  now,
}: {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}): () => Promise<readonly VersionDrift[]> {
  const references = new LRUCache<string, Reference>({ max: MOST_REPORTS });
  /** What others wrote on days that are over does not change. */
  const past = new Map<string, readonly ScoreCount[]>();

  async function readCounts(key: string): Promise<readonly ScoreCount[]> {
    try {
      return (await readJson(store, key, USAGE_COUNTS))?.value.scores ?? [];
    } catch (error) {
      if (isUnreadable(error)) return [];
      throw error;
    }
  }

  /** The scores by version, and within it by day. */
  async function readDays(): Promise<Map<string, Map<string, ScoreCount>>> {
    const today = dayOf(now());
    const first = dayOf(now() - (HISTORY_DAYS - 1) * DAY_MS);
    const objects: string[] = [];
    for await (const { key } of store.list(keys.usage(), { startAfter: keys.usageOfDay(first) }))
      objects.push(key);
    const known = new Set(objects);
    for (const key of past.keys()) if (!known.has(key)) past.delete(key);
    const versions = new Map<string, Map<string, ScoreCount>>();
    const all = await mapConcurrently(objects, async (key) => {
      const counts = past.get(key) ?? (await readCounts(key));
      const day = keys.usageDay(key);
      // A process may still write for a moment what it counted yesterday.
      if (day < dayOf(now() - DAY_MS)) past.set(key, counts);
      return { day, counts };
    });
    for (const { day, counts } of all) {
      if (day > today) continue;
      for (const count of counts) {
        const id = JSON.stringify([count.model, count.version]);
        const days = versions.get(id) ?? new Map<string, ScoreCount>();
        versions.set(id, days);
        days.set(day, addCounts(days.get(day), count));
      }
    }
    return versions;
  }

  async function referenceOf(model: string, version: string): Promise<Reference | undefined> {
    const key = keys.modelFile(model, version, REPORT_FILE);
    const known = references.get(key);
    if (known !== undefined) return known;
    const report = await readJson(store, key, REPORT).catch((error: unknown) => {
      if (isUnreadable(error)) return undefined;
      throw error;
    });
    const results = report?.value.results;
    if (report === undefined || !results) return undefined;
    const { bins } = results.calibration.after;
    const total = bins.reduce((sum, { count }) => sum + count, 0);
    const reference = {
      bins: bins.map(({ count }) => count),
      meanScore: bins.reduce((sum, { count, confidence }) => sum + count * (confidence ?? 0), 0) / total,
      rejected: results.rejection?.rejected.value,
      day: dayOf(report.value.createdAt * 1000),
    };
    references.set(key, reference);
    return reference;
  }

  return async () => {
    const windowStart = dayOf(now() - (WINDOW_DAYS - 1) * DAY_MS);
    const found = await mapConcurrently(await readDays(), async ([id, all]) => {
      const [model, version] = JSON.parse(id) as [string, string];
      const reference = await referenceOf(model, version);
      if (reference === undefined) return [];
      const days = [...all].filter(([day]) => day >= reference.day).sort(([a], [b]) => (a < b ? -1 : 1));
      const window = days
        .filter(([day]) => day >= windowStart)
        .reduce<ScoreCount | undefined>((sum, [, count]) => addCounts(sum, count), undefined);
      const drift = window && scoreDrift(reference.bins, window.bins);
      if (window === undefined || drift === undefined) return [];
      const pictures = picturesOf(window);
      return [
        {
          model,
          version,
          pictures,
          meanScore: window.total / pictures,
          judgedMeanScore: reference.meanScore,
          rejected: window.rejected / pictures,
          judgedRejected: reference.rejected,
          drift,
          since: isLarge(drift) ? beginOf(days, reference) : undefined,
        },
      ];
    });
    return found.flat();
  };
}

const picturesOf = ({ bins }: ScoreCount) => bins.reduce((sum, count) => sum + count, 0);

const isLarge = ({ index, byChance }: ScoreDrift) => index >= DRIFT_INDEX && index > byChance;

/** The first day of the last run of days with a large drift; days with few pictures do not break it. */
function beginOf(
  days: readonly (readonly [day: string, count: ScoreCount])[],
  { bins }: Reference,
): string | undefined {
  let begin: string | undefined;
  for (const [day, count] of days.toReversed()) {
    if (picturesOf(count) < LEAST_PICTURES) continue;
    const drift = scoreDrift(bins, count.bins);
    if (drift === undefined || !isLarge(drift)) break;
    begin = day;
  }
  // No single day has enough pictures.
  return begin ?? days.at(-1)?.[0];
}

const addCounts = (sum: ScoreCount | undefined, count: ScoreCount): ScoreCount =>
  sum === undefined
    ? count
    : {
        ...count,
        bins: count.bins.map((pictures, bin) => pictures + (sum.bins[bin] ?? 0)),
        total: sum.total + count.total,
        rejected: sum.rejected + count.rejected,
      };
