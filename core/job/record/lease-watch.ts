// Watches leases: tells from a job's record and the watcher's own monotonic clock whether the attempt that holds the lease is alive.
// The clocks of two machines may differ by hours, and may be set back, without harm.

import { monotonicMs } from '../../clock.ts';
import type { Lease } from './job.ts';

/** Watching time after which an unchanged lease counts as dead: longer than a slow storage call, short for who waits for the job. */
export const LEASE_MS = 30_000;

/** Whether a lease is unchanged: neither renewed nor taken over nor released. */
export const isSameLease = (a: Lease | null, b: Lease | null): boolean =>
  a === null || b === null ? a === b : markOf(a) === markOf(b);

/** Everything that a renewal changes. Trainers of earlier versions change the expiry alone. */
const markOf = ({ owner, attempt, renewals, expiresAtMs }: Lease): string =>
  [owner, attempt, renewals, expiresAtMs].join(' ');

/** Remembers the leases that it was shown, and since when each is unchanged. */
export interface LeaseWatch {
  /** Whether a job's lease, as it was just read, has been unchanged for {@link LEASE_MS} of watching. */
  isDead(jobId: string, lease: Lease): boolean;
  /** Forgets all jobs but these. */
  keepOnly(jobIds: ReadonlySet<string>): void;
}

/**
 * Starts watching; no lease is known yet.
 * @param clock monotonic, in milliseconds.
 */
export function createLeaseWatch(clock: () => number = monotonicMs): LeaseWatch {
  const seen = new Map<string, { readonly lease: Lease; readonly sinceMs: number }>();
  return {
    isDead(jobId, lease) {
      const before = seen.get(jobId);
      if (before !== undefined && isSameLease(before.lease, lease))
        return clock() - before.sinceMs >= LEASE_MS;
      seen.set(jobId, { lease, sinceMs: clock() });
      return false;
    },
    keepOnly(jobIds) {
      for (const id of seen.keys()) if (!jobIds.has(id)) seen.delete(id);
    },
  };
}
