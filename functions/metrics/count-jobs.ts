// Counts jobs and batch predictions by their status. A job that is over is read once.

import { mapConcurrently } from '../../core/concurrently.ts';
import { isFinal, JOB_STATUSES, type JobStatus } from '../../core/job/record/job.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import { isUnreadable } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** The kinds of jobs, and the folder of each. */
const KINDS = [
  ['fine_tuning', keys.jobs()],
  ['batch', keys.batches()],
] as const;
/** The number of jobs of each kind that are counted, the newest. */
const MOST_JOBS = 10_000;

/** How many jobs of a kind have a status. */
export interface JobCount {
  readonly kind: (typeof KINDS)[number][0];
  readonly status: JobStatus;
  readonly count: number;
}

/** Counts the newest 10,000 jobs of each kind; records that cannot be read are left out. */
export function createJobCounter({
  store,
  jobs,
}: {
  readonly store: ObjectStore;
  readonly jobs: Pick<JobStore, 'get'>;
}): () => Promise<readonly JobCount[]> {
  let over = new Map<string, JobStatus>();

  async function statusOf(id: string): Promise<JobStatus | undefined> {
    try {
      return over.get(id) ?? (await jobs.get(id))?.status;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  return async () => {
    const stillOver = new Map<string, JobStatus>();
    const counts: JobCount[] = [];
    for (const [kind, folder] of KINDS) {
      const ids: string[] = [];
      // Ids count down with time, so the newest come first.
      for await (const id of store.listFolders(folder)) if (ids.push(id) === MOST_JOBS) break;
      const statuses = await mapConcurrently(ids, statusOf);
      for (const [index, status] of statuses.entries())
        if (status !== undefined && isFinal(status)) stillOver.set(ids[index] ?? '', status);
      for (const status of JOB_STATUSES)
        counts.push({ kind, status, count: statuses.filter((found) => found === status).length });
    }
    over = stillOver;
    return counts;
  };
}
