// The events of jobs: objects numbered from 0 without a gap, only ever added. The number of the next one is found by asking for
// single events, and remembered, so that neither adding nor reading a page goes through all that there are.

import { LRUCache } from 'lru-cache';
import { mapConcurrently } from '../../concurrently.ts';
import { createJson, isUnreadable, readJson } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../storage/object-store.ts';
import { JOB_EVENT, type JobEvent } from './job.ts';

export type NewJobEvent = Omit<JobEvent, 'id' | 'createdAt'>;

/** A page cursor: only what comes after this id, at most `limit` of it. */
export interface PageOptions {
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface JobEvents {
  appendEvent(jobId: string, event: NewJobEvent): Promise<JobEvent>;
  /** Newest first; in place of one that cannot be read, one that says so. */
  events(
    jobId: string,
    options: PageOptions,
  ): Promise<{ readonly events: readonly JobEvent[]; readonly hasMore: boolean }>;
  /** Oldest first: all that came after the event of this id, or all there are. */
  eventsSince(jobId: string, seen?: string): Promise<readonly JobEvent[]>;
}

export interface JobEventsDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Of how many jobs the end is remembered. */
const REMEMBERED_JOBS = 1000;

export function createJobEvents({ store, now }: JobEventsDeps): JobEvents {
  /** So many events at least a job has. */
  const known = new LRUCache<string, number>({ max: REMEMBERED_JOBS });

  const exists = async (jobId: string, sequence: number) =>
    (await store.head(keys.jobEvent(jobId, sequence))) !== undefined;

  /** How many events a job has: goes ahead in growing steps from what is known, then halves the last one. */
  async function count(jobId: string): Promise<number> {
    let low = known.get(jobId) ?? 0;
    let step = 1;
    for (; await exists(jobId, low + step - 1); step *= 2) low += step;
    let high = low + step - 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (await exists(jobId, middle)) low = middle + 1;
      else high = middle;
    }
    known.set(jobId, low);
    return low;
  }

  /** The number after that of an event; undefined where the job has no such event. */
  async function afterEvent(jobId: string, id: string | undefined): Promise<number | undefined> {
    const sequence = Number(id?.slice(id.lastIndexOf('-') + 1));
    const isOurs = Number.isSafeInteger(sequence) && id === eventId(jobId, sequence);
    return isOurs && sequence < (await count(jobId)) ? sequence + 1 : undefined;
  }

  /** In place of an event that cannot be read, one that says so. */
  async function read(jobId: string, sequence: number): Promise<JobEvent | undefined> {
    const key = keys.jobEvent(jobId, sequence);
    try {
      return (await readJson(store, key, JOB_EVENT))?.value;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return {
        id: eventId(jobId, sequence),
        createdAt: toSeconds((await store.head(key))?.lastModified.getTime() ?? 0),
        level: 'warn',
        type: 'message',
        message: error.message,
        data: { error_code: error.code, key },
      };
    }
  }

  /** Those from `start` up to and without `end`, oldest first. */
  async function readRange(jobId: string, start: number, end: number): Promise<JobEvent[]> {
    const sequences = Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
    const events = await mapConcurrently(sequences, (sequence) => read(jobId, sequence));
    return events.filter((event) => event !== undefined);
  }

  return {
    async appendEvent(jobId, event) {
      for (let sequence = known.get(jobId) ?? (await count(jobId)); ; sequence = await count(jobId)) {
        const stored: JobEvent = { ...event, id: eventId(jobId, sequence), createdAt: toSeconds(now()) };
        try {
          await createJson(store, keys.jobEvent(jobId, sequence), JOB_EVENT, stored);
          known.set(jobId, sequence + 1);
          return stored;
        } catch (error) {
          if (!(error instanceof PreconditionFailedError)) throw error;
        }
      }
    },

    async events(jobId, { after, limit }) {
      const next = await afterEvent(jobId, after);
      const end = next === undefined ? await count(jobId) : next - 1;
      const start = Math.max(0, end - limit);
      return { events: (await readRange(jobId, start, end)).reverse(), hasMore: start > 0 };
    },

    async eventsSince(jobId, seen) {
      const start = (await afterEvent(jobId, seen)) ?? 0;
      return readRange(jobId, start, await count(jobId));
    },
  };
}

const toSeconds = (ms: number) => Math.floor(ms / 1000);
const eventId = (jobId: string, sequence: number) => `ftevent-${jobId.replace(/^ftjob-/, '')}-${sequence}`;
