// Which objects a backup holds, and in which order they are copied: first those that others refer to, then those that refer to them.
// So an interrupted copy never shows an incomplete model or job.

import { keys } from '../storage/keys.ts';

/** Keys of objects that can be made again, that expire within a day, or that describe a copy itself. */
const NOT_COPIED = [
  keys.cache(),
  keys.uploads(),
  keys.unfinishedFiles(),
  keys.openJobs(),
  keys.backup(),
  keys.backupLists(),
  keys.restore(),
] as const;

const MANIFEST = /^(models\/[^/]+\/\d+\/manifest|backbones\/[^/]+\/backbone)\.json$/;
const JOB_FILE = /^(?:jobs|batches)\/([^/]+)\//;
const JOB_RECORD = /^(?:jobs|batches)\/[^/]+\/(job|trials\/\d+)\.json$/;
const IDEMPOTENCY = /^idempotency\//;
const ALIAS = /^models\/[^/]+\/aliases\//;

/** The stages of a copy, in their order. `file`: files of datasets, models and checkpoints, and objects of a newer version. */
export const STAGES = ['file', 'manifest', 'job-file', 'job-record', 'idempotency', 'alias'] as const;
/** One of {@link STAGES}. */
export type Stage = (typeof STAGES)[number];

/** The stage in which an object is copied; undefined where it is not copied. */
export function stageOf(key: string): Stage | undefined {
  if (NOT_COPIED.some((prefix) => key.startsWith(prefix))) return undefined;
  if (MANIFEST.test(key)) return 'manifest';
  if (JOB_RECORD.test(key)) return 'job-record';
  if (JOB_FILE.test(key)) return 'job-file';
  if (IDEMPOTENCY.test(key)) return 'idempotency';
  return ALIAS.test(key) ? 'alias' : 'file';
}

/** The id of the job to whose folder a key belongs; undefined for other keys. */
export const jobOf = (key: string): string | undefined => JOB_FILE.exec(key)?.[1];
