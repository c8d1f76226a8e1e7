// The workers of a store: each writes its own record, everybody may read them. Knows nothing of jobs.

import { isUnreadable, readJson } from '../../../storage/json.ts';
import { keys } from '../../../storage/keys.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { withFormat } from '../../../storage/parse-stored.ts';
import { stringifyWithUnknown } from '../../../storage/unknown-fields.ts';
import { WORKER_RECORD, type WorkerRecord } from './worker-record.ts';

/** How often a worker writes its record, in milliseconds. */
export const BEAT_MS = 15_000;
/** A worker that was not seen for so long counts as lost: its machine is off, or out of reach. */
export const LOST_MS = 4 * BEAT_MS;
/** A worker that was not seen for so long is forgotten. */
export const FORGOTTEN_MS = 60 * 60 * 1000;

/** A worker, and when the store saw it last. */
export interface SeenWorker extends WorkerRecord {
  /** Unix milliseconds, on the store's clock. */
  readonly lastSeenMs: number;
  /** Whether it is overdue, so that it gets no work. */
  readonly isLost: boolean;
}

/** The workers of a store. */
export interface WorkerRecords {
  /** Writes a worker's record; the store notes when. */
  put(record: Omit<WorkerRecord, 'formatVersion'>): Promise<void>;
  remove(workerId: string): Promise<void>;
  /** All workers that are not forgotten, those that started first at the front. A record that cannot be read is left out. */
  list(): Promise<readonly SeenWorker[]>;
}

/** The store and the clock. */
export interface WorkerRecordsDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Opens the workers of a store. */
export function createWorkerRecords({ store, now }: WorkerRecordsDeps): WorkerRecords {
  async function readWorker(key: string): Promise<WorkerRecord | undefined> {
    try {
      return (await readJson(store, key, WORKER_RECORD))?.value;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  return {
    async put(record) {
      const text = stringifyWithUnknown(withFormat(WORKER_RECORD, record));
      await store.put(keys.worker(record.id), text, { contentType: 'application/json' });
    },
    remove: (workerId) => store.delete(keys.worker(workerId)),
    async list() {
      const seen: SeenWorker[] = [];
      for await (const { key, lastModified } of store.list(keys.workers())) {
        const lastSeenMs = lastModified.getTime();
        const silentMs = now() - lastSeenMs;
        const record = silentMs > FORGOTTEN_MS ? undefined : await readWorker(key);
        if (record !== undefined) seen.push({ ...record, lastSeenMs, isLost: silentMs > LOST_MS });
      }
      return seen.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    },
  };
}
