// The events of jobs: objects numbered from 0 without a gap, and never changed. The number of the next one is found by looking for
// single events, and remembered, so that neither adding an event nor reading a page lists all of them.

import { LRUCache } from 'lru-cache';
import { mapConcurrently } from '../../concurrently.ts';
import { createJson, isUnreadable, readJson } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../storage/object-store.ts';
import { JOB_EVENT, type JobEvent } from './job.ts';

/** An event before the store gives it id and time. */
export type NewJobEvent = Omit<JobEvent, 'id' | 'createdAt'>;

/** A page of a list: what comes after the id `after`, at most `limit` entries. */
export interface PageOptions {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The events of all jobs in a store. */
export interface JobEvents {
  appendEvent(jobId: string, event: NewJobEvent): Promise<JobEvent>;
  /** A page of events, newest first. An event that cannot be read is replaced by one that says so. */
  events(
    jobId: string,
    options: PageOptions,
  ): Promise<{ readonly events: readonly JobEvent[]; readonly hasMore: boolean }>;
  /** All events after that of the id `seen`, or all events, oldest first. */
  eventsSince(jobId: string, seen?: string): Promise<readonly JobEvent[]>;
}

/** The store and the clock. */
export interface JobEventsDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Number of jobs whose event count is remembered. */
const REMEMBERED_JOBS = 1000;

/** Opens the events of a store. Nothing is read before it is needed. */
export function createJobEvents({ store, now }: JobEventsDeps): JobEvents {
  /** The least number of events that a job is known to have. */
  const known = new LRUCache<string, number>({ max: REMEMBERED_JOBS });

  const exists = async (jobId: string, sequence: number) =>
    (await store.head(keys.jobEvent(jobId, sequence))) !== undefined;

  /** Counts the events of a job: looks ahead from the known number in growing steps, then bisects the last step. */
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

  /** The number that follows an event's; undefined where the job has no such event. */
  async function afterEvent(jobId: string, id: string | undefined): Promise<number | undefined> {
    const sequence = Number(id?.slice(id.lastIndexOf('-') + 1));
    const isOurs = Number.isSafeInteger(sequence) && id === eventId(jobId, sequence);
    return isOurs && sequence < (await count(jobId)) ? sequence + 1 : undefined;
  }

  /** Reads an event; one that cannot be read is replaced by one that says so. */
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

  /** Reads the events from `start` up to but not including `end`, oldest first. */
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
