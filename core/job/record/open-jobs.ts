// Which jobs are not over, without reading every record: one small object each, made before the job's record and deleted
// after the record says that the job is over. So a crash at any point leaves a key too many, never one too few. Jobs of a
// version that kept no such keys are found by going through the records that no check has seen.

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
  /** Every open job from this one backward has its key; ids of newer jobs come before it. */
  schema: z.object({ newest: z.string() }),
};

/** No id; comes before every id in their order. */
const BEFORE_ALL = '';
/** A key without a record is of a job that is being made, or never was: after a day, of one that never was. */
const ORPHAN_AGE_MS = 24 * 60 * 60 * 1000;
/** How far a check that looks behind the last one goes: all records of years are too many to read at every start. */
const LOOK_BEHIND_MS = 7 * 24 * 60 * 60 * 1000;

export interface CheckOptions {
  /**
   * Whether to look once more at records that the last check has seen, for keys that were lost since: at those of a week, and
   * at all that are newer than the oldest open job.
   */
  readonly looksBehind?: boolean;
  readonly signal?: AbortSignal;
}

export interface OpenJobs {
  /** Before a job's record is made. */
  add(jobId: string): Promise<void>;
  /** Puts the key of a job back, which has a record that says that it is open, where it was lost or taken for an orphan. */
  confirm(jobId: string): Promise<void>;
  /** After a job's record says that it is over. A key that cannot be deleted does no harm: whoever finds it tries again. */
  remove(jobId: string): Promise<void>;
  /** Ids of open jobs, oldest first, and perhaps of some that are over, or have no record (yet). */
  ids(): AsyncIterable<string>;
  /** Whether a check went through before; false where somebody has deleted the keys since. */
  isChecked(): Promise<boolean>;
  /**
   * Gives keys to open jobs that have none: to all of them where no check went through before, else to those made since.
   * @param isOpen whether the record of a job says so; undefined where there is none.
   * @returns how many got one.
   */
  check(
    isOpen: (jobId: string) => Promise<boolean | undefined>,
    options: CheckOptions & { readonly nowMs: number },
  ): Promise<number>;
}

export function createOpenJobs(store: ObjectStore): OpenJobs {
  const keyOf = (jobId: string) => keys.openJob(jobId, createdAtMsOf(jobId));
  const add = async (jobId: string) => {
    await store.put(keyOf(jobId), '');
  };

  /** Where the last check got to; undefined where all records are to be gone through. */
  async function readChecked(nowMs: number): Promise<string | undefined> {
    try {
      const newest = (await readJson(store, keys.openJobsChecked(), CHECKED))?.value.newest;
      // Of a clock that ran ahead: no check has seen what was made since by one that is right.
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
      const added = await mapConcurrently(unknown, async (id) => {
        signal?.throwIfAborted();
        const isMissing = (await isOpen(id)) === true;
        if (isMissing) await add(id);
        return isMissing;
      });
      for (const id of old) {
        if ((await isOpen(id)) !== undefined) continue;
        await store.delete(keyOf(id));
        // Made at this very moment, by somebody who saw the key.
        if ((await isOpen(id)) === true) await add(id);
      }
      // Not ahead of this clock: an id of one that is must not hide jobs that are made later.
      const mark = latestInOrder([newest ?? checked ?? BEFORE_ALL, firstJobIdAt(nowMs)]);
      if (checked === undefined || (newest !== undefined && mark !== checked))
        await store.put(keys.openJobsChecked(), stringifyWithUnknown(withFormat(CHECKED, { newest: mark })), {
          contentType: 'application/json',
        });
      return added.filter(Boolean).length;
    },
  };
}

/** Of the oldest job, as ids count down. */
const latestInOrder = (ids: readonly string[]): string => ids.reduce((a, b) => (a > b ? a : b));
