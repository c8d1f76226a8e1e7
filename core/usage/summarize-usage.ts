// What an installation was used for: jobs and batches from their records, predictions from the counters of all processes; by day, key and model.

import { mapConcurrently } from '../concurrently.ts';
import { firstBatchIdAt, firstJobIdAt } from '../job/record/job-id.ts';
import type { JobStore } from '../job/record/job-store.ts';
import { spendingOf } from '../job/record/spending-of.ts';
import { isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { dayOf, USAGE_COUNTS } from './usage-counter.ts';

/** What one key did with one model on one day (UTC). */
export interface UsageRow {
  readonly day: string;
  /** Null where the server required no keys, and for jobs that say nothing of it. */
  readonly key: string | null;
  readonly model: string;
  /** Jobs that were made on that day; their time and cost count for it, too. */
  readonly jobs: number;
  /** Batch predictions that were made on that day; their time and cost count for it, too. */
  readonly batches: number;
  /** Pictures; those of a batch prediction when it is made. */
  readonly predictions: number;
  readonly gpuSeconds: number;
  readonly cpuSeconds: number;
  readonly costUsd: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const JOBS_PAGE = 100;
const FIRST_IDS = [
  ['fine-tuning', firstJobIdAt],
  ['batch', firstBatchIdAt],
] as const;
const NOTHING = { jobs: 0, batches: 0, predictions: 0, gpuSeconds: 0, cpuSeconds: 0, costUsd: 0 };

type Amounts = Partial<Omit<UsageRow, 'day' | 'key' | 'model'>>;

/**
 * Sums of all days from one to another, both included, in the order of days, keys and models.
 * @param from e.g. `2026-01-01`.
 */
export async function summarizeUsage(
  { store, jobs }: { readonly store: ObjectStore; readonly jobs: JobStore },
  from: string,
  to: string,
): Promise<readonly UsageRow[]> {
  const rows = new Map<string, UsageRow>();
  const add = (day: string, key: string | null, model: string, more: Amounts) => {
    const id = JSON.stringify([day, key ?? '', model]);
    const row = rows.get(id) ?? { day, key, model, ...NOTHING };
    rows.set(id, {
      ...row,
      jobs: row.jobs + (more.jobs ?? 0),
      batches: row.batches + (more.batches ?? 0),
      predictions: row.predictions + (more.predictions ?? 0),
      gpuSeconds: row.gpuSeconds + (more.gpuSeconds ?? 0),
      cpuSeconds: row.cpuSeconds + (more.cpuSeconds ?? 0),
      costUsd: row.costUsd + (more.costUsd ?? 0),
    });
  };

  const endMs = Date.parse(to) + DAY_MS;
  for (const [kind, firstIdAt] of FIRST_IDS) {
    // Newest first: the ids of the day after come before.
    let after: string | undefined = firstIdAt(endMs);
    while (after !== undefined) {
      const page = await jobs.list({ after, limit: JOBS_PAGE, kind });
      for (const job of page.jobs) {
        const day = dayOf(job.createdAt * 1000);
        if (day < from || day > to) continue;
        const { seconds, usd } = spendingOf(job);
        const time = job.resolved?.backend === 'gpu' ? { gpuSeconds: seconds } : { cpuSeconds: seconds };
        const made = kind === 'batch' ? { batches: 1 } : { jobs: 1 };
        add(day, job.createdBy ?? null, job.model, { ...made, costUsd: usd, ...time });
      }
      const oldest = page.jobs.at(-1);
      const isPast = oldest !== undefined && dayOf(oldest.createdAt * 1000) < from;
      after = page.hasMore && !isPast ? page.last : undefined;
    }
  }

  const objects: { readonly day: string; readonly key: string }[] = [];
  for await (const { key } of store.list(keys.usage(), { startAfter: keys.usageOfDay(from) })) {
    const day = keys.usageDay(key);
    if (day > to) break;
    objects.push({ day, key });
  }
  const counted = await mapConcurrently(objects, async ({ day, key }) => {
    try {
      return { day, counts: (await readJson(store, key, USAGE_COUNTS))?.value.counts ?? [] };
    } catch (error) {
      if (isUnreadable(error)) return { day, counts: [] };
      throw error;
    }
  });
  for (const { day, counts } of counted)
    for (const { key, model, predictions } of counts) add(day, key, model, { predictions });

  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
