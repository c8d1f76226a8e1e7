// The format numbers of everything that is stored: the one place where a number is raised. Knows the names of kinds, not their
// content.

import type { z } from 'zod';

/**
 * A kind of stored object, and the number of the format in which it is written.
 *
 * A number is raised only where a reader of the version before would do wrong by ignoring what is new. New fields that it may ignore
 * get a default and no new number: readers keep fields that they do not know.
 */
export interface FormatNumber {
  /** Name of the kind for messages, e.g. `job record`. */
  readonly kind: string;
  readonly version: number;
  /**
   * The earliest format that is read as it is, because later ones only allow more. Objects that do without are written in it, so that
   * earlier versions can read them. Default: `version`.
   */
  readonly readsFrom?: number;
}

/** The formats of all kinds. Objects without a number have format 1. */
export const FORMATS = {
  /** Also the record of a trial. */
  job: { kind: 'job record', version: 1 },
  event: { kind: 'event', version: 1 },
  worker: { kind: 'record of a worker', version: 1 },
  openJobs: { kind: 'check of open jobs', version: 1 },
  idempotency: { kind: 'idempotency key', version: 1 },
  keptAnswer: { kind: 'kept answer', version: 1 },
  checkpoint: { kind: 'checkpoint', version: 1 },
  /** Is inside a checkpoint. */
  trainerState: { kind: "trainer's state", version: 1 },
  claim: { kind: 'claim of a version', version: 1 },
  /** Formats 2 and 3 allow input contracts that those before could not say: `core/image/model-input.ts`. */
  manifest: { kind: 'model manifest', version: 3, readsFrom: 1 },
  alias: { kind: 'alias', version: 1 },
  parity: { kind: 'parity certificate', version: 1 },
  /** Is inside a picture index. */
  pictureIndex: { kind: 'picture index', version: 1 },
  /** As the manifest. */
  report: { kind: 'report', version: 3, readsFrom: 1 },
  /** As the manifest. */
  backbone: { kind: 'backbone', version: 3, readsFrom: 1 },
  pin: { kind: 'pin of a pulled file', version: 1 },
  splitSnapshot: { kind: 'snapshot of a split', version: 1 },
  datasetSummary: { kind: 'summary of a dataset', version: 1 },
  keptFindings: { kind: 'kept findings of a dataset', version: 1 },
  formerPaths: { kind: 'former paths of a file', version: 1 },
  datasetNames: { kind: 'names of a dataset', version: 1 },
  datasetSnapshot: { kind: 'snapshot of a dataset', version: 1 },
  evaluation: { kind: 'evaluation', version: 1 },
  backup: { kind: 'note of a backup', version: 1 },
  apiKey: { kind: 'API key', version: 1 },
  auditEntry: { kind: 'entry of the audit log', version: 1 },
  usageCounts: { kind: 'counts of predictions', version: 1 },
  restore: { kind: 'note of a restore', version: 1 },
  webhook: { kind: 'webhook', version: 1 },
  webhookDelivery: { kind: 'delivery of a webhook', version: 1 },
  webhookNotice: { kind: 'notice of a webhook event', version: 1 },
  file: { kind: 'record of a file', version: 1 },
  partUpload: { kind: 'record of an upload in parts', version: 1 },
} as const satisfies Readonly<Record<string, FormatNumber>>;

/** A format together with what reads it. */
export interface StoredFormat<S extends z.ZodType = z.ZodType> extends FormatNumber {
  readonly schema: S;
  /** Turns an object of the format before into one of this. Absent where there was none, or where it can no longer be read. */
  readonly upgrade?: (previous: Readonly<Record<string, unknown>>) => object;
}
