// Every object key of the project is built here and nowhere else.

const segment = (value: string): string => {
  if (value === '' || value === '.' || value === '..' || value.includes('/') || value.includes('\0')) {
    throw new RangeError(
      `"${value}" cannot be a segment of an object key: it must be one non-empty name without "/".`,
    );
  }
  return value;
};

/** The character that comes after all others in the order of keys. */
const LAST_CHARACTER = '\u{10FFFF}';
const EVENT_DIGITS = 8;
/** Digits of a time in milliseconds; enough until the year 33658. */
const TIME_DIGITS = 15;
const CHECKPOINT_DIGITS = 8;
const SNAPSHOT_DIGITS = 8;
const CHECKPOINT_SUFFIX = '.checkpoint';
const CHUNK_DIGITS = 6;

/** The beginning of the ids of batch predictions. They are jobs, and by it their records have a prefix of their own. */
export const BATCH_PREFIX = 'batch_';
/** Whether an id is that of a batch prediction. */
export const isBatchId = (id: string): boolean => id.startsWith(BATCH_PREFIX);
/** The folder of everything that belongs to a job or a batch prediction. */
const jobFolder = (jobId: string) => `${isBatchId(jobId) ? 'batches/' : 'jobs/'}${segment(jobId)}/`;
const chunkName = (chunk: number) => `${String(chunk).padStart(CHUNK_DIGITS, '0')}.jsonl`;
const MEMBERS_SUFFIX = '.of';

/** The beginnings of the ids of files that clients send: those that are kept, and those that expire. */
export const FILE_PREFIXES = { kept: 'file-k', expiring: 'file-x' } as const;
/** The folder of a file that a client has sent. */
const fileFolder = (fileId: string) =>
  `${fileId.startsWith(FILE_PREFIXES.expiring) ? keys.expiringFiles() : keys.keptFiles()}${segment(fileId)}/`;

/** Beside the names of fractions, none of which is like it. */
export const SEEN_FOLDER = 'seen';
/** As {@link SEEN_FOLDER}. */
export const FORMER_FOLDER = 'former';

/** Beside the folders of webhooks, no id of which is like it. */
export const NOTICES_FOLDER = 'notices';
const DUE_NAME = new RegExp(`/(\\d{${TIME_DIGITS}})-([^/]+)$`);

/** Keys and key prefixes; prefixes end in `/`. */
export const keys = {
  datasets: () => 'datasets/',
  dataset: (dataset: string) => `datasets/${segment(dataset)}/`,
  /** @param path folders and file name, e.g. `cat`, `1.jpg`. */
  datasetFile: (dataset: string, ...path: readonly string[]) =>
    `datasets/${segment(dataset)}/${path.map(segment).join('/')}`,

  splits: () => 'splits/',
  /** The snapshots of a dataset's split. They are not below the dataset's own prefix, where its files lie. */
  datasetSplits: (dataset: string) => `splits/${segment(dataset)}/`,
  /** @param fractions names the choice of fractions, e.g. `0.75-0.15-0.1`. */
  splitSnapshots: (dataset: string, fractions: string) =>
    `${keys.datasetSplits(dataset)}${segment(fractions)}/`,
  /** The number is zero-padded, so that the order of keys is the order of snapshots. */
  splitSnapshot: (dataset: string, fractions: string, sequence: number) =>
    `${keys.splitSnapshots(dataset, fractions)}${String(sequence).padStart(SNAPSHOT_DIGITS, '0')}.json`,
  /** The number in a snapshot's key. */
  splitSnapshotSequence: (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),

  /** The record of a dataset's names, beside the folders of {@link splitSnapshots}. */
  datasetNames: (dataset: string) => `${keys.datasetSplits(dataset)}${keys.datasetNamesFile()}`,
  /** The last segment of {@link datasetNames}. */
  datasetNamesFile: () => 'names.json',

  /** Which findings of a dataset are right as they are, beside the folders of {@link splitSnapshots}. */
  keptFindings: (dataset: string) => `${keys.datasetSplits(dataset)}kept.json`,

  /** What jobs saw of a dataset, beside the folders of {@link splitSnapshots}. */
  datasetSnapshots: (dataset: string) => `${keys.datasetSplits(dataset)}${SEEN_FOLDER}/`,
  /** @param contentHash of an inspection. */
  datasetSnapshot: (dataset: string, contentHash: string) =>
    `${keys.datasetSnapshots(dataset)}${segment(contentHash)}.json`,

  /** Where files of a dataset were before they were moved, see core/dataset/former-paths.ts. */
  formerPaths: (dataset: string) => `${keys.datasetSplits(dataset)}${FORMER_FOLDER}/`,
  /** @param pathHash sha256 of the path that a file has now. */
  formerPathsOf: (dataset: string, pathHash: string) =>
    `${keys.formerPaths(dataset)}${segment(pathHash)}.json`,

  jobs: () => 'jobs/',
  /** Everything of a job or a batch prediction but its checkpoints and its model. */
  jobFiles: (jobId: string) => jobFolder(jobId),
  job: (jobId: string) => `${jobFolder(jobId)}job.json`,
  /** An empty object for each job that is not over. */
  openJobs: () => 'open-jobs/',
  /** The order of keys is the order in which jobs were made. @param createdAtMs Unix milliseconds. */
  openJob: (jobId: string, createdAtMs: number) =>
    `${keys.openJobs()}${String(createdAtMs).padStart(TIME_DIGITS, '0')}-${segment(jobId)}`,
  /** The job of a key of {@link openJob}; undefined for other keys. */
  openJobId: (key: string): string | undefined =>
    new RegExp(`^${keys.openJobs()}\\d{${TIME_DIGITS}}-(.+)$`).exec(key)?.[1],
  /** Says up to which job every open job is known to have its key. */
  openJobsChecked: () => `${keys.openJobs()}checked.json`,
  jobTrials: (jobId: string) => `${jobFolder(jobId)}trials/`,
  /** The record of a trial that runs beside others of its sweep. */
  jobTrial: (jobId: string, trial: number) => `${keys.jobTrials(jobId)}${trial}.json`,
  jobEvents: (jobId: string) => `${jobFolder(jobId)}events/`,
  /** The number is zero-padded, so that the order of keys is the order of events. */
  jobEvent: (jobId: string, sequence: number) =>
    `${keys.jobEvents(jobId)}${String(sequence).padStart(EVENT_DIGITS, '0')}.json`,
  /** A training batch as one picture. */
  jobContactSheet: (jobId: string) => `jobs/${segment(jobId)}/contact-sheet.png`,
  /** Checkpoints have a top-level prefix, by which a lifecycle rule of S3 lets them expire. */
  jobCheckpoints: (jobId: string, trial?: number) =>
    `${keys.checkpoints()}${segment(jobId)}/${trial === undefined ? '' : `trial-${trial}/`}`,
  checkpoints: () => 'checkpoints/',
  /** The number is zero-padded, so that the order of keys is the order of checkpoints. */
  jobCheckpoint: (jobId: string, sequence: number, trial?: number) =>
    `${keys.jobCheckpoints(jobId, trial)}${String(sequence).padStart(CHECKPOINT_DIGITS, '0')}${CHECKPOINT_SUFFIX}`,
  /** The number in a checkpoint's key. */
  checkpointSequence: (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),

  /** Batch predictions: a folder for each, with its record, events, input and results. They expire. */
  batches: () => 'batches/',
  /** Which pictures a batch prediction has, in chunks, each a JSONL file. */
  batchInput: (batchId: string, chunk: number) => `${jobFolder(batchId)}input/${chunkName(chunk)}`,
  /** The answers for the pictures of a chunk. The order of keys is the order of chunks. */
  batchResults: (batchId: string) => `${jobFolder(batchId)}results/`,
  batchResult: (batchId: string, chunk: number) => `${keys.batchResults(batchId)}${chunkName(chunk)}`,
  /** How good the model was on the labelled pictures of a batch. */
  batchEvaluation: (batchId: string) => `${jobFolder(batchId)}evaluation.json`,
  /** The chunk in a key of {@link batchResult}. */
  batchChunk: (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),
  /** Pictures, and lists of them, that people put there for batch predictions. */
  inputs: () => 'inputs/',

  /** What each worker says of itself, again and again while it lives. */
  workers: () => 'workers/',
  worker: (workerId: string) => `${keys.workers()}${segment(workerId)}.json`,

  models: () => 'models/',
  model: (model: string) => `models/${segment(model)}/`,
  /** Not a key, but the place in a listing after all keys of a model and before those of the next. */
  afterModel: (model: string) => `${keys.models()}${model}/${LAST_CHARACTER}`,
  modelFile: (model: string, version: string, file: string) =>
    `models/${segment(model)}/${segment(version)}/${segment(file)}`,
  modelAliases: (model: string) => `models/${segment(model)}/aliases/`,
  modelAlias: (model: string, alias: string) => `${keys.modelAliases(model)}${segment(alias)}.json`,

  /** Imported backbones. */
  backbones: () => 'backbones/',
  backbone: (backbone: string) => `backbones/${segment(backbone)}/backbone.json`,
  /** The `.onnx` file of a backbone. @param sha256 hash of the file. */
  backboneFile: (backbone: string, sha256: string) =>
    `backbones/${segment(backbone)}/${segment(sha256)}.onnx`,

  /** What is remembered of a file that was pulled. @param hash of its address. */
  pin: (hash: string) => `pins/${segment(hash)}.json`,

  /** Uploaded pictures, which predictions name by key; they expire. */
  uploads: () => 'uploads/',
  upload: (uploadId: string) => `uploads/${segment(uploadId)}`,

  /** Files that clients send as OpenAI's do: a folder for each, with its record and its content in parts. */
  files: () => 'files/',
  keptFiles: () => `${keys.files()}kept/`,
  /** Files with a time after which they are gone. */
  expiringFiles: () => `${keys.files()}expiring/`,
  /** Everything of a file. */
  fileFolder,
  file: (fileId: string) => `${fileFolder(fileId)}file.json`,
  fileContent: (fileId: string) => `${fileFolder(fileId)}content/`,
  /** The number is zero-padded, so that the order of keys is the order of parts. */
  filePart: (fileId: string, part: number) =>
    `${keys.fileContent(fileId)}${String(part).padStart(CHUNK_DIGITS, '0')}`,
  /** The folder of the file, or of the upload in parts, in whose content a key is; undefined for other keys. */
  folderOfFile: (key: string): string | undefined =>
    /^files\/(?:(?:kept|expiring)\/[^/]+\/(?=content\/)|unfinished\/[^/]+\/(?=parts\/))/.exec(key)?.[0],
  /** Files that arrive in several requests and are not complete; they expire. */
  unfinishedFiles: () => `${keys.files()}unfinished/`,
  /** Everything of an upload in parts. */
  partUpload: (uploadId: string) => `${keys.unfinishedFiles()}${segment(uploadId)}/`,
  partUploadRecord: (uploadId: string) => `${keys.partUpload(uploadId)}upload.json`,
  isPartUploadRecord: (key: string): boolean => /^files\/unfinished\/[^/]+\/upload\.json$/.test(key),
  uploadParts: (uploadId: string) => `${keys.partUpload(uploadId)}parts/`,
  uploadPart: (uploadId: string, partId: string) => `${keys.uploadParts(uploadId)}${segment(partId)}`,

  /** The note of a backup on itself. */
  backup: () => 'backup.json',
  /** The list of a backup's objects, in pieces. */
  backupLists: () => 'backup-lists/',
  /** One piece of the list. @param sha256 hash of the piece. */
  backupList: (sha256: string) => `${keys.backupLists()}${segment(sha256)}.jsonl`,
  /** The note in the target of a restore, until it is finished. */
  restore: () => 'restore.json',

  /** The audit log. Ids count down with time. */
  audit: () => 'audit/',
  auditEntry: (id: string) => `${keys.audit()}${segment(id)}.json`,

  /** Predictions that were counted; in the order of days. */
  usage: () => 'usage/',
  /** @param day e.g. `2026-01-31`. */
  usageOfDay: (day: string) => `${keys.usage()}${segment(day)}/`,
  usageCounts: (day: string, processId: string) => `${keys.usageOfDay(day)}${segment(processId)}.json`,
  /** The day in a key of {@link usageCounts}. */
  usageDay: (key: string) => key.slice(keys.usage().length).split('/', 1).join(),

  /** Records of API keys. */
  apiKeys: () => 'api-keys/',
  apiKey: (name: string) => `${keys.apiKeys()}${segment(name)}.json`,

  /** Webhooks, with their secrets. */
  webhooks: () => 'webhooks/',
  webhook: (webhookId: string) => `${keys.webhooks()}${segment(webhookId)}.json`,
  /** What was or is to be delivered to each webhook. Ids count down with time. */
  webhookDeliveries: (webhookId: string) => `${keys.deliveries()}${segment(webhookId)}/`,
  deliveries: () => 'webhook-deliveries/',
  webhookDelivery: (webhookId: string, deliveryId: string) =>
    `${keys.webhookDeliveries(webhookId)}${segment(deliveryId)}.json`,
  /** What there is to do for webhooks: a folder of notices, and one of due deliveries for each webhook. */
  webhookQueue: () => 'webhook-queue/',
  /** Notices of what happened and no webhook has been told. */
  webhookNotices: () => `${keys.webhookQueue()}${NOTICES_FOLDER}/`,
  webhookNotice: (noticeId: string) => `${keys.webhookNotices()}${segment(noticeId)}.json`,
  /** An empty object for each delivery of a webhook that is to be attempted. */
  webhookDues: (webhookId: string) => `${keys.webhookQueue()}${segment(webhookId)}/`,
  /** The order of keys is the order of times. @param dueAtMs Unix milliseconds. */
  webhookDue: (webhookId: string, deliveryId: string, dueAtMs: number) =>
    `${keys.webhookDues(webhookId)}${String(dueAtMs).padStart(TIME_DIGITS, '0')}-${segment(deliveryId)}`,
  /** Delivery and time in a key of {@link webhookDue}; undefined for other keys. */
  dueOf: (key: string): { readonly deliveryId: string; readonly dueAtMs: number } | undefined => {
    const [, time, deliveryId] = DUE_NAME.exec(key) ?? [];
    return time === undefined || deliveryId === undefined
      ? undefined
      : { deliveryId, dueAtMs: Number.parseInt(time, 10) };
  },

  /** What became of requests with an idempotency key; they expire. */
  idempotencyRecords: () => 'idempotency/',
  idempotency: (hash: string) => `${keys.idempotencyRecords()}${segment(hash)}.json`,
  /** Cached features of pictures, by the hash of picture, backbone and preprocessing. */
  features: () => 'cache/features/',
  feature: (hash: string) => `${keys.features()}${segment(hash.slice(0, 2))}/${segment(hash)}`,
  /** Says of which pictures an object of features is. */
  featureMembers: (hash: string) => `${keys.feature(hash)}${MEMBERS_SUFFIX}`,
  /** The features of a key of {@link featureMembers}; undefined for other keys. */
  featureOfMembers: (key: string): string | undefined =>
    key.endsWith(MEMBERS_SUFFIX) ? key.slice(0, -MEMBERS_SUFFIX.length) : undefined,
  /** What inspections of datasets found out, see core/dataset/known-files.ts. */
  inspections: () => 'cache/inspections/',
  datasetInspections: (dataset: string) => `${keys.inspections()}${segment(dataset)}/`,
  /** The verdicts on files. @param variant what they depend on besides the files. */
  inspectionVerdicts: (dataset: string, variant: string) =>
    `${keys.datasetInspections(dataset)}${segment(variant)}/verdicts/`,
  /** Numbers of the last inspection. */
  datasetSummary: (dataset: string) => `${keys.datasetInspections(dataset)}summary.json`,
  /** What moves of files under way agree on, see core/dataset/claim-move.ts. @param name of the file and its content. */
  datasetMove: (dataset: string, name: string) => `${keys.datasetInspections(dataset)}moves/${segment(name)}`,
  /** The groups of near-duplicates. @param name of the set of pictures; without it, the folder of all. */
  inspectionGroups: (dataset: string, variant: string, name?: string) =>
    `${keys.datasetInspections(dataset)}${segment(variant)}/groups/${name === undefined ? '' : segment(name)}`,
  weights: (file: string) => `cache/weights/${segment(file)}`,
  /** Is written to see whether the store takes writes. */
  writeProbe: () => 'cache/write-probe',
  /** Everything that can be computed or downloaded again. */
  cache: () => 'cache/',
} as const;

/** How long deliveries to webhooks are kept, in days: longer than one is attempted again. */
export const DELIVERY_DAYS = 30;
/** How long checkpoints are kept after they were written, in days: a job that is paused for longer begins anew. */
export const CHECKPOINT_DAYS = 14;
/** How long a file that expires is kept at most, in days. */
export const FILE_DAYS = 30;

/**
 * Objects that are deleted a number of days after they were written, by lifecycle rules of S3 or by the local
 * server, unless the operator says otherwise (core/storage/retention.ts): uploads, files with an end, checkpoints that no job has deleted, cached features and inspections, batch predictions, answers to
 * requests with an idempotency key, workers that have not been heard of,
 * and the audit log, counts of predictions, and what webhooks were or are to be told.
 */
export const EXPIRIES = [
  { id: 'uploads', prefix: keys.uploads(), days: 1 },
  { id: 'unfinished-files', prefix: keys.unfinishedFiles(), days: 1 },
  { id: 'files', prefix: keys.expiringFiles(), days: FILE_DAYS },
  { id: 'checkpoints', prefix: keys.checkpoints(), days: CHECKPOINT_DAYS },
  { id: 'features', prefix: keys.features(), days: 90 },
  { id: 'inspections', prefix: keys.inspections(), days: 90 },
  { id: 'batches', prefix: keys.batches(), days: 30 },
  { id: 'idempotency', prefix: keys.idempotencyRecords(), days: 30 },
  { id: 'workers', prefix: keys.workers(), days: 1 },
  { id: 'audit', prefix: keys.audit(), days: 400 },
  { id: 'usage', prefix: keys.usage(), days: 400 },
  { id: 'webhook-deliveries', prefix: keys.deliveries(), days: DELIVERY_DAYS },
  { id: 'webhook-queue', prefix: keys.webhookQueue(), days: DELIVERY_DAYS },
] as const;
