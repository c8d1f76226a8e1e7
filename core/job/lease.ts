// The lease: at most one attempt trains a job. It lives in the job's record, is renewed while the attempt is alive,
// and once it has run out anybody may take the job over.

import { FoveaError } from '../errors.ts';
import { isFinal, type JobRecord } from './job.ts';
import type { JobRecords } from './job-records.ts';

/** Long enough to outlast a slow storage call, short enough that a killed job is not kept waiting. */
export const LEASE_MS = 30_000;

/** The job belongs to somebody else now, or is over: the attempt must stop without touching it again. */
export class LeaseLostError extends FoveaError {
  override readonly name = 'LeaseLostError';
  constructor(job: JobRecord, owner: string) {
    super(
      'lease-lost',
      `Attempt "${owner}" no longer holds job "${job.id}", which is ${job.status}` +
        `${job.lease === null ? '' : ` and held by "${job.lease.owner}"`}; this attempt stops.`,
    );
  }
}

export interface LeaseDeps {
  readonly jobs: Pick<JobRecords, 'update'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Takes a job for one attempt: status `running`, one attempt more.
 * @throws {LeaseLostError} where the job is over, cancelled, or another attempt's lease is still good.
 */
export function acquireLease({ jobs, now }: LeaseDeps, id: string, owner: string): Promise<JobRecord> {
  return jobs.update(id, (job) => {
    const heldByOther = job.lease !== null && job.lease.owner !== owner && job.lease.expiresAtMs > now();
    if (isFinal(job.status) || heldByOther) throw new LeaseLostError(job, owner);
    const attempt = job.attempts + 1;
    return {
      ...job,
      // A job that is taken before its submission was marked has passed through the queue all the same.
      status: 'running',
      attempts: attempt,
      startedAt: job.startedAt ?? Math.floor(now() / 1000),
      lease: { owner, attempt, expiresAtMs: now() + LEASE_MS },
    };
  });
}

/**
 * Changes a held job and renews its lease in the same write.
 * @throws {LeaseLostError} where another attempt holds the job by now.
 */
export function updateHeld(
  { jobs, now }: LeaseDeps,
  id: string,
  owner: string,
  change: (job: JobRecord) => JobRecord,
): Promise<JobRecord> {
  return jobs.update(id, (job) => {
    if (job.lease?.owner !== owner) throw new LeaseLostError(job, owner);
    const changed = change(job);
    if (isFinal(changed.status) || changed.status === 'queued') return { ...changed, lease: null };
    return { ...changed, lease: { ...job.lease, expiresAtMs: now() + LEASE_MS } };
  });
}
