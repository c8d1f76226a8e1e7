// Which job a local worker takes next, where other servers may work on the same folder. Knows nothing of trainers.

import { isFinal, type JobRecord } from '../../record/job.ts';
import type { JobStore } from '../../record/job-store.ts';
import { createLeaseWatch, isSameLease } from '../../record/lease-watch.ts';

/** What {@link createWaitingJobs} works with. */
export interface WaitingJobsDeps {
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds; by default the machine's. */
  readonly clock?: () => number;
}

/** The jobs that wait for a trainer. */
export interface WaitingJobs {
  /**
   * The oldest job that nobody holds; undefined where none waits. Releases the leases of dead holders, and cancels jobs that
   * are to be cancelled.
   *
   * @param isResting Whether a job is skipped for now.
   */
  next(isResting?: (jobId: string) => boolean): Promise<JobRecord | undefined>;
}

/** Watches the leases of open jobs, so that it can tell which holders are dead. */
export function createWaitingJobs({ jobs, now, clock }: WaitingJobsDeps): WaitingJobs {
  const watch = createLeaseWatch(clock);

  /** @returns the job where it waits for a trainer now. */
  async function free(job: JobRecord): Promise<JobRecord | undefined> {
    const { lease } = job;
    if (lease === null && !job.cancelRequested) return job;
    const left = await jobs.update(
      job.id,
      (record) =>
        !isFinal(record.status) && isSameLease(record.lease, lease)
          ? withoutHolder(record, now())
          : undefined,
      (held) => isSameLease(held, lease),
    );
    return isFinal(left.status) || left.lease !== null ? undefined : left;
  }

  return {
    async next(isResting = () => false) {
      const held = new Set<string>();
      for await (const job of jobs.open()) {
        if (job.lease !== null) held.add(job.id);
        if (job.lease !== null && !watch.isDead(job.id, job.lease)) continue;
        const freed = await free(job);
        if (freed !== undefined && !isResting(freed.id)) return freed;
      }
      watch.keepOnly(held);
      return undefined;
    },
  };
}

/** A job whose holder is gone: over where it was to be cancelled, else in the queue. */
export const withoutHolder = (job: JobRecord, nowMs: number): JobRecord =>
  job.cancelRequested
    ? { ...job, status: 'cancelled', finishedAt: Math.floor(nowMs / 1000), lease: null }
    : { ...job, status: 'queued', lease: null };
