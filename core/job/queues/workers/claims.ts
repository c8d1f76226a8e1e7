// Which work a worker takes next: the oldest job that it may take, or a trial of it. Taking is a compare-and-swap on the record, so
// of any number of workers one gets it. Knows nothing of trainers.

import { randomUUID } from 'node:crypto';
import { monotonicMs } from '../../../clock.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { isFinal, type JobRecord, type Lease } from '../../record/job.ts';
import type { AttemptJobs, JobStore } from '../../record/job-store.ts';
import { claimLease, LeaseLostError } from '../../record/lease.ts';
import { createLeaseWatch, isSameLease, LEASE_MS } from '../../record/lease-watch.ts';
import { partsOf } from '../../record/parts-of.ts';
import { openTrial, trialRecordsOf } from '../../record/trial-records.ts';
import { createWaitingJobs, withoutHolder } from '../local/waiting-jobs.ts';
import { fits } from './fits.ts';
import type { WorkerOffer } from './worker-record.ts';

/** A job whose maker died before it was queued is taken after so long of watching. */
const UNQUEUED_MS = 60_000;

/** Work whose lease a worker has. */
export interface Claim {
  readonly jobId: string;
  /** From 1; undefined for the whole job. */
  readonly trial: number | undefined;
  readonly leaseOwner: string;
  /** The record of the job or the trial as it was taken. */
  readonly record: JobRecord;
  /** Where that record is and events go. */
  readonly jobs: AttemptJobs;
}

/** What {@link createClaims} works with. */
export interface ClaimsDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds. Default: the machine's. */
  readonly clock?: (() => number) | undefined;
  /** Name of the worker. */
  readonly worker: string;
  readonly offer: WorkerOffer;
  /** Looks at work before it is taken. @returns false where it is left alone. */
  readonly mayTry: (work: Omit<Claim, 'leaseOwner'>) => Promise<boolean>;
}

/** Finds work for one worker. */
export interface Claims {
  /** Takes the oldest work that waits; undefined where there is none. */
  next(): Promise<Claim | undefined>;
}

/** Watches the leases of a store's jobs and trials, and takes those that nobody has. */
export function createClaims({
  store,
  jobs,
  now,
  clock = monotonicMs,
  worker,
  offer,
  mayTry,
}: ClaimsDeps): Claims {
  const watch = createLeaseWatch(clock);
  const waiting = createWaitingJobs({
    jobs,
    now,
    clock,
    onFreed: ({ id }, lease) => tellSilent(jobs, id, lease),
  });
  /** Jobs that are not queued yet, and since when this worker sees them so. */
  const unqueued = new Map<string, number>();

  async function take(work: Omit<Claim, 'leaseOwner'>): Promise<Claim | undefined> {
    if (!(await mayTry(work))) return undefined;
    const leaseOwner = randomUUID();
    const record = await claimLease(
      { jobs: work.jobs, now },
      work.jobId,
      { owner: leaseOwner, worker },
      isOffered,
    );
    return record && { ...work, leaseOwner, record };
  }

  function isOffered(job: JobRecord): boolean {
    if (job.placement !== undefined || !fits(job, offer)) return false;
    if (job.status !== 'validating_files') return unqueued.delete(job.id) || true;
    const sinceMs = unqueued.get(job.id) ?? clock();
    unqueued.set(job.id, sinceMs);
    return clock() - sinceMs >= UNQUEUED_MS;
  }

  /** Takes a trial that nobody has. @returns `'held'` where others have all that are left, undefined where none is left. */
  async function takeTrial(job: JobRecord): Promise<Claim | 'held' | undefined> {
    const all = partsOf(job);
    if (all.length < 2) return undefined;
    const done = new Set(job.trials.map(({ trial }) => trial));
    const left = all.map((_, index) => index + 1).filter((trial) => !done.has(trial));
    let isHeld = false;
    for (const trial of left) {
      const records = trialRecordsOf(store, trial);
      const known = await records.get(job.id);
      // One that failed is repeated by whoever finishes the job.
      if (known !== undefined && isFinal(known.status)) continue;
      const key = `${job.id} ${trial}`;
      const lease = known?.lease ?? null;
      if (lease !== null && !watch.isDead(key, lease)) {
        isHeld = true;
        continue;
      }
      const claim = await openAndTake(job.id, trial, lease);
      if (claim !== undefined) return claim;
      const after = await records.get(job.id);
      isHeld ||= after !== undefined && !isFinal(after.status);
    }
    return isHeld ? 'held' : undefined;
  }

  async function openAndTake(jobId: string, trial: number, dead: Lease | null): Promise<Claim | undefined> {
    try {
      const opened = await openTrial({ store, jobs, now }, jobId, trial);
      if (opened === undefined) return undefined;
      if (dead !== null && (await free(opened, jobId, dead))) await tellSilent(opened, jobId, dead);
      const record = await trialRecordsOf(store, trial).get(jobId);
      return record && (await take({ jobId, trial, record, jobs: opened }));
    } catch (error) {
      // Meanwhile all trials were over, and another worker has taken the job.
      if (error instanceof LeaseLostError) return undefined;
      throw error;
    }
  }

  /** Takes a lease off the record of a trial whose holder is dead. @returns whether it was this call. */
  async function free(trial: AttemptJobs, jobId: string, lease: Lease): Promise<boolean> {
    let isFreed = false;
    await trial.update(
      jobId,
      (record) => {
        isFreed = !isFinal(record.status) && isSameLease(record.lease, lease);
        return isFreed ? withoutHolder(record, now()) : undefined;
      },
      (held) => isSameLease(held, lease),
    );
    return isFreed;
  }

  return {
    async next() {
      for await (const job of waiting.each()) {
        if (!isOffered(job)) continue;
        const trial = await takeTrial(job);
        if (trial === 'held') continue;
        const claim = trial ?? (await take({ jobId: job.id, trial: undefined, record: job, jobs }));
        if (claim !== undefined) return claim;
      }
      return undefined;
    },
  };
}

const tellSilent = async (jobs: AttemptJobs, jobId: string, { worker, attempt }: Lease): Promise<void> => {
  const who = worker === undefined ? 'The trainer' : `The trainer of worker "${worker}"`;
  await jobs.appendEvent(jobId, {
    level: 'warn',
    type: 'message',
    message: `${who} has not been heard of for ${LEASE_MS / 1000} s. The job waits for the next one.`,
    data: { attempt, worker: worker ?? null },
  });
};
