// Which objects a backup has, and in which order they are copied: what others refer to comes before what refers to it, so that
// a copy that breaks off shows nothing that is half there.

import { keys } from '../storage/keys.ts';

/** What can be made again, expires within a day, or tells of a copy itself. */
const NOT_COPIED = [
  keys.cache(),
  keys.uploads(),
  keys.openJobs(),
  keys.backup(),
  keys.backupLists(),
  keys.restore(),
] as const;

const MANIFEST = /^(models\/[^/]+\/\d+\/manifest|backbones\/[^/]+\/backbone)\.json$/;
const JOB_FILE = /^jobs\/([^/]+)\//;
const JOB_RECORD = /^jobs\/[^/]+\/(job|trials\/\d+)\.json$/;
const IDEMPOTENCY = /^idempotency\//;
const ALIAS = /^models\/[^/]+\/aliases\//;

/** `file`: of datasets, models, checkpoints, and whatever a newer version keeps. */
export const STAGES = ['file', 'manifest', 'job-file', 'job-record', 'idempotency', 'alias'] as const;
export type Stage = (typeof STAGES)[number];

/** The stage in which an object is copied; undefined for one that is not. */
export function stageOf(key: string): Stage | undefined {
  if (NOT_COPIED.some((prefix) => key.startsWith(prefix))) return undefined;
  if (MANIFEST.test(key)) return 'manifest';
  if (JOB_RECORD.test(key)) return 'job-record';
  if (JOB_FILE.test(key)) return 'job-file';
  if (IDEMPOTENCY.test(key)) return 'idempotency';
  return ALIAS.test(key) ? 'alias' : 'file';
}

/** The job whose file a key names. */
export const jobOf = (key: string): string | undefined => JOB_FILE.exec(key)?.[1];
