// Every object key of the project is built here and nowhere else.

const segment = (value: string): string => {
  if (value === '' || value === '.' || value === '..' || value.includes('/') || value.includes('\0')) {
    throw new RangeError(
      `"${value}" cannot be a segment of an object key: it must be one non-empty name without "/".`,
    );
  }
  return value;
};

/** Comes after every other in the order of keys. */
const LAST_CHARACTER = '\u{10FFFF}';
const EVENT_DIGITS = 8;
/** Of a time in milliseconds, good until the year 33658. */
const TIME_DIGITS = 15;
const CHECKPOINT_DIGITS = 8;
const SNAPSHOT_DIGITS = 8;
const CHECKPOINT_SUFFIX = '.checkpoint';

/** Keys and key prefixes; prefixes end in `/`. */
export const keys = {
  datasets: () => 'datasets/',
  dataset: (dataset: string) => `datasets/${segment(dataset)}/`,
  /** @param path folders and file name, e.g. `cat`, `1.jpg`. */
  datasetFile: (dataset: string, ...path: readonly string[]) =>
    `datasets/${segment(dataset)}/${path.map(segment).join('/')}`,

  splits: () => 'splits/',
  /** What is fixed of a dataset's split; beside it and not in it, where a dataset's own files lie. */
  datasetSplits: (dataset: string) => `splits/${segment(dataset)}/`,
  /** @param fractions names the choice of fractions, e.g. `0.75-0.15-0.1`. */
  splitSnapshots: (dataset: string, fractions: string) =>
    `${keys.datasetSplits(dataset)}${segment(fractions)}/`,
  /** Zero-padded, so that the order of keys is the order of snapshots. */
  splitSnapshot: (dataset: string, fractions: string, sequence: number) =>
    `${keys.splitSnapshots(dataset, fractions)}${String(sequence).padStart(SNAPSHOT_DIGITS, '0')}.json`,
  /** The number in a snapshot's key. */
  splitSnapshotSequence: (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),

  jobs: () => 'jobs/',
  job: (jobId: string) => `jobs/${segment(jobId)}/job.json`,
  /** A small object for each job that is not over. */
  openJobs: () => 'open-jobs/',
  /** The order of keys is the order in which jobs were made. @param createdAtMs Unix milliseconds. */
  openJob: (jobId: string, createdAtMs: number) =>
    `${keys.openJobs()}${String(createdAtMs).padStart(TIME_DIGITS, '0')}-${segment(jobId)}`,
  /** The job of such a key; undefined for other keys. */
  openJobId: (key: string): string | undefined =>
    new RegExp(`^${keys.openJobs()}\\d{${TIME_DIGITS}}-(.+)$`).exec(key)?.[1],
  /** Up to which job every open one is known to have its key. */
  openJobsChecked: () => `${keys.openJobs()}checked.json`,
  /** The record of a sweep's trial that runs beside others. */
  jobTrial: (jobId: string, trial: number) => `jobs/${segment(jobId)}/trials/${trial}.json`,
  jobEvents: (jobId: string) => `jobs/${segment(jobId)}/events/`,
  /** Zero-padded, so that the order of keys is the order of events. */
  jobEvent: (jobId: string, sequence: number) =>
    `jobs/${segment(jobId)}/events/${String(sequence).padStart(EVENT_DIGITS, '0')}.json`,
  /** A training batch as one picture. */
  jobContactSheet: (jobId: string) => `jobs/${segment(jobId)}/contact-sheet.png`,
  /** A tree of their own: lifecycle rules of S3 know prefixes, and checkpoints are to expire. */
  jobCheckpoints: (jobId: string, trial?: number) =>
    `${keys.checkpoints()}${segment(jobId)}/${trial === undefined ? '' : `trial-${trial}/`}`,
  checkpoints: () => 'checkpoints/',
  /** Zero-padded, so that the order of keys is the order of checkpoints. */
  jobCheckpoint: (jobId: string, sequence: number, trial?: number) =>
    `${keys.jobCheckpoints(jobId, trial)}${String(sequence).padStart(CHECKPOINT_DIGITS, '0')}${CHECKPOINT_SUFFIX}`,
  /** The number in a checkpoint's key. */
  checkpointSequence: (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),

  models: () => 'models/',
  model: (model: string) => `models/${segment(model)}/`,
  /** No key, but where to go on in a listing: after all keys of a model, and before those of the next. */
  afterModel: (model: string) => `${keys.models()}${model}/${LAST_CHARACTER}`,
  modelFile: (model: string, version: string, file: string) =>
    `models/${segment(model)}/${segment(version)}/${segment(file)}`,
  modelAlias: (model: string, alias: string) => `models/${segment(model)}/aliases/${segment(alias)}.json`,

  /** Backbones that users bring. */
  backbones: () => 'backbones/',
  backbone: (backbone: string) => `backbones/${segment(backbone)}/backbone.json`,
  /** @param sha256 of the file. */
  backboneFile: (backbone: string, sha256: string) =>
    `backbones/${segment(backbone)}/${segment(sha256)}.onnx`,

  /** Pictures to be predicted by key; they expire. */
  uploads: () => 'uploads/',
  upload: (uploadId: string) => `uploads/${segment(uploadId)}`,

  /** What a backup says of itself. */
  backup: () => 'backup.json',
  /** What a backup has, in parts. */
  backupLists: () => 'backup-lists/',
  /** @param sha256 of the part. */
  backupList: (sha256: string) => `${keys.backupLists()}${segment(sha256)}.jsonl`,
  /** Where a backup is being copied to. */
  restore: () => 'restore.json',

  idempotency: (hash: string) => `idempotency/${segment(hash)}.json`,
  /** A picture's features, by the hash of picture, backbone and preprocessing. */
  features: () => 'cache/features/',
  feature: (hash: string) => `${keys.features()}${segment(hash.slice(0, 2))}/${segment(hash)}`,
  weights: (file: string) => `cache/weights/${segment(file)}`,
  /** What is written to see whether anything can be. */
  writeProbe: () => 'cache/write-probe',
  /** Everything that can be computed or downloaded again. */
  cache: () => 'cache/',
} as const;

/**
 * What is deleted so many days after it was written, by lifecycle rules of S3, which know whole days, or by the local
 * server: uploads, checkpoints of jobs that did not live to delete theirs, and what can be computed again.
 */
export const EXPIRIES = [
  { id: 'uploads', prefix: keys.uploads(), days: 1 },
  { id: 'checkpoints', prefix: keys.checkpoints(), days: 14 },
  { id: 'features', prefix: keys.features(), days: 90 },
] as const;
