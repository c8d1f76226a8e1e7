// The form of everything that is stored, by number: the one place where a number is raised. Knows the names of kinds, not
// what is in them.

import type { z } from 'zod';

/**
 * A kind of stored object, and the number of the form in which it is written.
 *
 * A number is raised only where a reader of the version before would do wrong by passing over what is new. New fields
 * that may be passed over get a default and no new number: readers keep fields that they do not know.
 */
export interface FormatNumber {
  /** For messages, e.g. `job record`. */
  readonly kind: string;
  readonly version: number;
}

/** Objects without a number are of format 1. */
export const FORMATS = {
  /** Also of a trial. */
  job: { kind: 'job record', version: 1 },
  event: { kind: 'event', version: 1 },
  openJobs: { kind: 'check of open jobs', version: 1 },
  idempotency: { kind: 'idempotency key', version: 1 },
  checkpoint: { kind: 'checkpoint', version: 1 },
  /** Part of a checkpoint. */
  trainerState: { kind: "trainer's state", version: 1 },
  claim: { kind: 'claim of a version', version: 1 },
  manifest: { kind: 'model manifest', version: 1 },
  alias: { kind: 'alias', version: 1 },
  parity: { kind: 'parity certificate', version: 1 },
  report: { kind: 'report', version: 1 },
  backbone: { kind: 'backbone', version: 1 },
  splitSnapshot: { kind: 'snapshot of a split', version: 1 },
  backup: { kind: 'note of a backup', version: 1 },
  restore: { kind: 'note of a restore', version: 1 },
} as const satisfies Readonly<Record<string, FormatNumber>>;

/** How objects of a kind are read. */
export interface StoredFormat<S extends z.ZodType = z.ZodType> extends FormatNumber {
  readonly schema: S;
  /** Makes of an object of the format before one of this. Left out, there was none, or it can no longer be read. */
  readonly upgrade?: (previous: Readonly<Record<string, unknown>>) => object;
}
