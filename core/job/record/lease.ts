// The lease, by which at most one attempt trains a job. It is part of the job's record, and the attempt renews it while it is alive.
// When it is not (lease-watch.ts), another attempt may take the job over.

import { setTimeout as sleep } from 'node:timers/promises';
import { FoveaError } from '../../errors/errors.ts';
import { beforeAttempt } from './furthest.ts';
import { type BatchAttempt, isAtRest, type JobRecord, type Lease } from './job.ts';
import type { JobRecords } from './job-records.ts';
import { createLeaseWatch, isSameLease, LEASE_MS } from './lease-watch.ts';

/** How often an attempt that finds a job leased looks again; holders renew their leases as often. */
const WATCH_MS = 1000;

/** The job is over or paused, or another attempt holds its lease: this attempt must stop without changing it. */
export class LeaseLostError extends FoveaError {
  override readonly name = 'LeaseLostError';
  constructor(job: JobRecord, owner: string) {
    super(
      'lease-lost',
      `Attempt "${owner}" no longer has the lease of job "${job.id}", which is ${job.status}` +
        `${job.lease === null ? '' : ` and leased by "${job.lease.owner}"`}; this attempt stops.`,
    );
  }
}

/** The jobs and the clock. */
export interface LeaseDeps {
  readonly jobs: Pick<JobRecords, 'update'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What taking a lease needs; clock and pause are for tests. */
export interface AcquireLeaseDeps extends LeaseDeps {
  /** Only for an attempt on AWS Batch. */
  readonly batch?: BatchAttempt | undefined;
  /** Ends the wait for a holder's next renewal. */
  readonly signal?: AbortSignal;
  /** Monotonic, in milliseconds. Default: the machine's. */
  readonly clock?: () => number;
  /** Waits. Default: real time passes. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Takes the lease of a job: its status becomes `running`, and an attempt is counted. Where another attempt has the lease, waits until
 * that one renews it, or until it is unchanged for {@link LEASE_MS}. An earlier attempt at the same Batch job has certainly ended.
 * @throws {LeaseLostError} where the job is over or paused, or another attempt that has the lease is alive.
 */
export async function acquireLease(
  { jobs, now, batch, signal, clock, pause = pauser(signal) }: AcquireLeaseDeps,
  id: string,
  owner: string,
): Promise<JobRecord> {
  const watch = createLeaseWatch(clock);
  const mayTake = (lease: Lease) =>
    lease.owner === owner || isAttemptBefore(lease.batch, batch) || watch.isDead(id, lease);
  let seen: Lease | undefined;
  for (;;) {
    const job = await jobs.update(
      id,
      (record) => {
        const { lease } = record;
        if (isAtRest(record.status)) throw new LeaseLostError(record, owner);
        if (lease === null || mayTake(lease)) return toLeased(record, owner, now(), batch);
        if (seen !== undefined && !isSameLease(lease, seen)) throw new LeaseLostError(record, owner);
        return undefined;
      },
      mayTake,
    );
    if (job.lease === null || job.lease.owner === owner) return job;
    seen = job.lease;
    await pause(WATCH_MS);
    if (signal?.aborted) throw new LeaseLostError(job, owner);
  }
}

const pauser = (signal: AbortSignal | undefined) => (ms: number) =>
  sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

const isAttemptBefore = (held: BatchAttempt | undefined, own: BatchAttempt | undefined): boolean =>
  held !== undefined && own !== undefined && held.jobId === own.jobId && held.attempt < own.attempt;

function toLeased(job: JobRecord, owner: string, nowMs: number, batch: BatchAttempt | undefined): JobRecord {
  // A worker has claimed the job for this attempt, which is counted already.
  if (job.lease?.owner === owner) return { ...job, status: 'running', lease: renewed(job.lease, nowMs) };
  const attempt = job.attempts + 1;
  return {
    ...job,
    // A job may be taken before it was marked as queued.
    status: 'running',
    attempts: attempt,
    furthest: beforeAttempt(job),
    startedAt: job.startedAt ?? Math.floor(nowMs / 1000),
    lease: {
      owner,
      attempt,
      renewals: 0,
      expiresAtMs: nowMs + LEASE_MS,
      ...(batch === undefined ? {} : { batch }),
    },
  };
}

const renewed = (lease: Lease, nowMs: number): Lease => ({
  ...lease,
  renewals: lease.renewals + 1,
  expiresAtMs: nowMs + LEASE_MS,
});

/**
 * Takes the lease of a job that waits, for the trainer that is started next under the name `owner`. Nobody waits here: of several
 * claims one wins.
 * @param worker name of the worker, for people.
 * @param isWanted looks at the record once more, as it is when it is taken.
 * @returns the leased job; undefined where it no longer waits.
 */
export async function claimLease(
  { jobs, now }: LeaseDeps,
  id: string,
  { owner, worker }: { readonly owner: string; readonly worker: string },
  isWanted: (record: JobRecord) => boolean,
): Promise<JobRecord | undefined> {
  const job = await jobs.update(id, (record) => {
    if (isAtRest(record.status) || record.lease !== null || !isWanted(record)) return undefined;
    const { lease, ...taken } = toLeased(record, owner, now(), undefined);
    return { ...taken, lease: lease === null ? null : { ...lease, worker } };
  });
  return job.lease?.owner === owner ? job : undefined;
}

/**
 * Renews a lease that was claimed for a trainer, until that one does so itself.
 * @param renewals number of renewals so far.
 * @returns whether the trainer has not taken over yet.
 */
export async function renewClaim(
  { jobs, now }: LeaseDeps,
  id: string,
  owner: string,
  renewals: number,
): Promise<boolean> {
  const isUntouched = ({ lease }: JobRecord) => lease?.owner === owner && lease.renewals === renewals;
  let isRenewed = false;
  await jobs.update(
    id,
    (record) => {
      isRenewed = isUntouched(record);
      return isRenewed && record.lease !== null
        ? { ...record, lease: renewed(record.lease, now()) }
        : undefined;
    },
    (lease) => lease.owner === owner,
  );
  return isRenewed;
}

/**
 * Changes a leased job and renews its lease in the same write. A change that ends, pauses or queues the job releases the lease.
 * @throws {LeaseLostError} where another attempt has the lease by now.
 */
export function updateLeased(
  { jobs, now }: LeaseDeps,
  id: string,
  owner: string,
  change: (job: JobRecord) => JobRecord,
): Promise<JobRecord> {
  return jobs.update(
    id,
    (job) => {
      if (job.lease?.owner !== owner) throw new LeaseLostError(job, owner);
      const changed = change(job);
      if (isAtRest(changed.status) || changed.status === 'queued') return { ...changed, lease: null };
      return { ...changed, lease: renewed(job.lease, now()) };
    },
    (lease) => lease.owner === owner,
  );
}
