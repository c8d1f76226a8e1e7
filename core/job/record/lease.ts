// The lease, by which at most one attempt trains a job. It is part of the job's record, and the attempt renews it while it is alive.
// When it is not (lease-watch.ts), another attempt may take the job over.

import { setTimeout as sleep } from 'node:timers/promises';
import { FoveaError } from '../../errors/errors.ts';
import { beforeAttempt } from './furthest.ts';
import { type BatchAttempt, isFinal, type JobRecord, type Lease } from './job.ts';
import type { JobRecords } from './job-records.ts';
import { createLeaseWatch, isSameLease, LEASE_MS } from './lease-watch.ts';

/** How often an attempt that finds a job leased looks again; holders renew their leases as often. */
const WATCH_MS = 1000;

/** The job is over, or another attempt holds its lease: this attempt must stop without changing it. */
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
 * @throws {LeaseLostError} where the job is over, or another attempt that has the lease is alive.
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
        if (isFinal(record.status)) throw new LeaseLostError(record, owner);
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

/**
 * Changes a leased job and renews its lease in the same write. A change that ends or queues the job releases the lease.
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
      if (isFinal(changed.status) || changed.status === 'queued') return { ...changed, lease: null };
      const renewals = job.lease.renewals + 1;
      return { ...changed, lease: { ...job.lease, renewals, expiresAtMs: now() + LEASE_MS } };
    },
    (lease) => lease.owner === owner,
  );
}
