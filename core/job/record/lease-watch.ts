// Who watches leases: whether an attempt that holds a job is alive, told from its record and the watcher's own clock alone.
// The clocks of two machines may differ by hours, and one that is set back holds nobody up.

import { monotonicMs } from '../../clock.ts';
import type { Lease } from './job.ts';

/** Long enough to outlast a slow storage call, short enough that a killed job is not kept waiting. */
export const LEASE_MS = 30_000;

/** Whether a lease is as it was, neither renewed nor taken over. */
export const isSameLease = (a: Lease | null, b: Lease | null): boolean =>
  a === null || b === null ? a === b : markOf(a) === markOf(b);

/** Trainers of earlier versions renew a lease by its expiry alone. */
const markOf = ({ owner, attempt, renewals, expiresAtMs }: Lease): string =>
  [owner, attempt, renewals, expiresAtMs].join(' ');

export interface LeaseWatch {
  /** Looks at a job's lease as it was just read: whether it has stayed the same for {@link LEASE_MS} of watching. */
  isDead(jobId: string, lease: Lease): boolean;
  /** Forgets all jobs but these. */
  keepOnly(jobIds: ReadonlySet<string>): void;
}

/** @param clock monotonic, in milliseconds. */
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
