// The list of jobs that are not over, which needs no look at every record. Each has a small object, which is written before the job's
// record and deleted after the record says that the job is over: a crash leaves one too many, never one too few. Jobs of a version
// that wrote no such objects are found by reading the records that no check has seen.

import { z } from 'zod';
import { mapConcurrently } from '../../concurrently.ts';
import { FORMATS } from '../../storage/formats.ts';
import { isUnreadable, readJson } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { withFormat } from '../../storage/parse-stored.ts';
import { stringifyWithUnknown } from '../../storage/unknown-fields.ts';
import { createdAtMsOf, firstJobIdAt } from './job-id.ts';

const CHECKED = {
  ...FORMATS.openJobs,
  /** Every open job that is as old as this one or older has its key. */
  schema: z.object({ newest: z.string() }),
};

/** No id; comes before every id in their order. */
const BEFORE_ALL = '';
/** A key without a record belongs to a job that is being made. After a day it counts as left over. */
const ORPHAN_AGE_MS = 24 * 60 * 60 * 1000;
/** How far a check looks behind the last one. Reading the records of years at every start would take too long. */
const LOOK_BEHIND_MS = 7 * 24 * 60 * 60 * 1000;

/** How far a check of the open jobs goes. */
export interface CheckOptions {
  /**
   * Whether to look again at records that the last check has seen, for keys that were lost since: at those of a week, and at all
   * that are newer than the oldest open job.
   */
  readonly looksBehind?: boolean;
  readonly signal?: AbortSignal;
}

/** The list of open jobs. */
export interface OpenJobs {
  /** Adds a job. To be called before its record is written. */
  add(jobId: string): Promise<void>;
  /** Adds a job whose record says that it is open, unless it is listed. Its key may have been lost, or deleted as left over. */
  confirm(jobId: string): Promise<void>;
  /** Removes a job whose record says that it is over. A key that cannot be deleted does no harm: whoever finds it tries again. */
  remove(jobId: string): Promise<void>;
  /** Ids of open jobs, oldest first. Some of them may be over, or have no record (yet). */
  ids(): AsyncIterable<string>;
  /** Whether a check has ever finished; false where somebody has deleted the keys since. */
  isChecked(): Promise<boolean>;
  /**
   * Adds open jobs that are not listed: all of them where no check has ever finished, else those made since.
   * @param isOpen tells whether a job is open by its record; undefined where there is no record.
   * @returns the number of added jobs.
   */
  check(
    isOpen: (jobId: string) => Promise<boolean | undefined>,
    options: CheckOptions & { readonly nowMs: number },
  ): Promise<number>;
}

/** Opens the list of open jobs of a store. */
export function createOpenJobs(store: ObjectStore): OpenJobs {
  const keyOf = (jobId: string) => keys.openJob(jobId, createdAtMsOf(jobId));
  const add = async (jobId: string) => {
    await store.put(keyOf(jobId), '');
  };

  /** The newest job that the last check has seen; undefined where all records are to be read. */
  async function readChecked(nowMs: number): Promise<string | undefined> {
    try {
      const newest = (await readJson(store, keys.openJobsChecked(), CHECKED))?.value.newest;
      // A check on a clock that ran ahead has not seen jobs that were made since on a clock that is right.
      return newest === undefined || createdAtMsOf(newest) > nowMs ? undefined : newest;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  return {
    add,
    async confirm(jobId) {
      if ((await store.head(keyOf(jobId))) === undefined) await add(jobId);
    },
    async remove(jobId) {
      await store.delete(keyOf(jobId)).catch(() => undefined);
    },
    async *ids() {
      for await (const { key } of store.list(keys.openJobs())) {
        const id = keys.openJobId(key);
        if (id !== undefined) yield id;
      }
    },

    isChecked: async () => (await store.head(keys.openJobsChecked())) !== undefined,

    async check(isOpen, { nowMs, looksBehind = false, signal }) {
      const io = signal === undefined ? {} : { signal };
      const known = new Set<string>();
      const old: string[] = [];
      let oldest = BEFORE_ALL;
      for await (const { key, lastModified } of store.list(keys.openJobs(), io)) {
        const id = keys.openJobId(key);
        if (id === undefined) continue;
        known.add(id);
        if (id > oldest) oldest = id;
        if (nowMs - lastModified.getTime() > ORPHAN_AGE_MS) old.push(id);
      }
      const checked = await readChecked(nowMs);
      const behind = looksBehind ? [oldest, firstJobIdAt(nowMs - LOOK_BEHIND_MS)] : [];
      const end = checked === undefined ? undefined : latestInOrder([checked, ...behind]);
      const unknown: string[] = [];
      let newest: string | undefined;
      for await (const id of store.listFolders(keys.jobs(), io)) {
        if (end !== undefined && id >= end) break;
        newest ??= id;
        if (!known.has(id)) unknown.push(id);
      }
      const endMs = end === undefined ? 0 : createdAtMsOf(end);
      for await (const id of store.listFolders(keys.batches(), io)) {
        if (createdAtMsOf(id) < endMs) break;
        if (!known.has(id)) unknown.push(id);
      }
      const added = await mapConcurrently(unknown, async (id) => {
        signal?.throwIfAborted();
        const isMissing = (await isOpen(id)) === true;
        if (isMissing) await add(id);
        return isMissing;
      });
      for (const id of old) {
        if ((await isOpen(id)) !== undefined) continue;
        await store.delete(keyOf(id));
        // The record may have been written at this very moment, by somebody who saw the key.
        if ((await isOpen(id)) === true) await add(id);
      }
      // The mark must not be ahead of this clock, or jobs that are made later would never be checked.
      const mark = latestInOrder([newest ?? checked ?? BEFORE_ALL, firstJobIdAt(nowMs)]);
      if (checked === undefined || (newest !== undefined && mark !== checked))
        await store.put(keys.openJobsChecked(), stringifyWithUnknown(withFormat(CHECKED, { newest: mark })), {
          contentType: 'application/json',
        });
      return added.filter(Boolean).length;
    },
  };
}

/** The last id in order, which is that of the oldest job, since ids count down. */
const latestInOrder = (ids: readonly string[]): string => ids.reduce((a, b) => (a > b ? a : b));
