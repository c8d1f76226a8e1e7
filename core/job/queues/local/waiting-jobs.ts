// Which jobs wait for a trainer, where several servers and workers may work on the same store. Knows nothing of trainers.

import { isAtRest, isFinal, type JobRecord, type Lease, toPaused } from '../../record/job.ts';
import type { JobStore } from '../../record/job-store.ts';
import { createLeaseWatch, isSameLease } from '../../record/lease-watch.ts';

/** What {@link createWaitingJobs} works with. */
export interface WaitingJobsDeps {
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds; by default the machine's. */
  readonly clock?: () => number;
  /** Told of a job that was taken from a dead holder. */
  readonly onFreed?: (job: JobRecord, lease: Lease) => Promise<void>;
}

/** The jobs that wait for a trainer. */
export interface WaitingJobs {
  /** The jobs that nobody holds, oldest first. Releases and cancels as {@link next}. */
  each(): AsyncIterable<JobRecord>;
  /**
   * The oldest job that nobody holds; undefined where none waits. Releases the leases of dead holders, and cancels jobs that
   * are to be cancelled.
   *
   * @param isResting Whether a job is skipped for now.
   */
  next(isResting?: (jobId: string) => boolean): Promise<JobRecord | undefined>;
}

/** Watches the leases of open jobs, so that it can tell which holders are dead. */
export function createWaitingJobs({ jobs, now, clock, onFreed }: WaitingJobsDeps): WaitingJobs {
  const watch = createLeaseWatch(clock);

  /** @returns the job where it waits for a trainer now. */
  async function free(job: JobRecord): Promise<JobRecord | undefined> {
    const { lease } = job;
    if (lease === null && !job.cancelRequested) return isAtRest(job.status) ? undefined : job;
    let isFreed = false;
    const left = await jobs.update(
      job.id,
      (record) => {
        isFreed = !isFinal(record.status) && isSameLease(record.lease, lease);
        return isFreed ? withoutHolder(record, now()) : undefined;
      },
      (held) => isSameLease(held, lease),
    );
    if (isFreed && lease !== null) await onFreed?.(left, lease);
    return isAtRest(left.status) || left.lease !== null ? undefined : left;
  }

  async function* each(): AsyncGenerator<JobRecord> {
    const held = new Set<string>();
    for await (const job of jobs.open()) {
      if (job.lease !== null) held.add(job.id);
      if (job.lease !== null && !watch.isDead(job.id, job.lease)) continue;
      const freed = await free(job);
      if (freed !== undefined) yield freed;
    }
    watch.keepOnly(held);
  }

  return {
    each,
    async next(isResting = () => false) {
      for await (const job of each()) if (!isResting(job.id)) return job;
      return undefined;
    },
  };
}

/** A job whose holder is gone: over where it was to be cancelled, paused where it was to be paused, else in the queue. */
export const withoutHolder = (job: JobRecord, nowMs: number): JobRecord => {
  if (job.cancelRequested)
    return { ...job, status: 'cancelled', finishedAt: Math.floor(nowMs / 1000), lease: null };
  return job.pauseRequested === true ? toPaused(job) : { ...job, status: 'queued', lease: null };
};
