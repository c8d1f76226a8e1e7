// Says who may read, write and delete which objects: one table for the stack's roles and for workers outside of it. A segment `*` makes a
// key a pattern of IAM. Knows no cloud's way to grant it.

import { BATCH_PREFIX, keys } from './keys.ts';

/** Patterns of keys. What may be erased may be deleted with all its versions, which needs also to list versions. Whoever has any access may also list all keys: without that, S3 answers 403 for an object that is not there. */
export interface Access {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly delete: readonly string[];
  readonly erase: readonly string[];
}

const datasets = `${keys.datasets()}*`;
const splits = `${keys.splits()}*`;
const models = `${keys.models()}*`;
const backbones = `${keys.backbones()}*`;
const cache = `${keys.cache()}*`;
const inspections = `${keys.inspections()}*`;
const features = `${keys.features()}*`;
const featureMembers = keys.featureMembers('*');
const weights = keys.weights('*');
const job = keys.job('*');
const jobEvents = `${keys.jobEvents('*')}*`;
const jobFiles = `${keys.jobs()}*`;
const batch = keys.job(`${BATCH_PREFIX}*`);
const batchEvents = `${keys.jobEvents(`${BATCH_PREFIX}*`)}*`;
const batchFiles = `${keys.batches()}*`;
const inputs = `${keys.inputs()}*`;
const openJobs = `${keys.openJobs()}*`;
const checkpoints = `${keys.checkpoints()}*`;
const uploads = `${keys.uploads()}*`;
const files = `${keys.files()}*`;
const idempotency = keys.idempotency('*');
const apiKeys = `${keys.apiKeys()}*`;
const usage = `${keys.usage()}*`;
const audit = `${keys.audit()}*`;
const workers = `${keys.workers()}*`;
const webhooks = `${keys.webhooks()}*`;
const webhookDeliveries = `${keys.deliveries()}*`;
const webhookQueue = `${keys.webhookQueue()}*`;
/** Whoever may end a job gives notice of it. */
const webhookNotices = `${keys.webhookNotices()}*`;

/**
 * A trainer reads datasets, and writes how they are split, its job, its checkpoints and its model. It also predicts batches of pictures,
 * which may be uploads, or in files.
 */
const TRAINER: Access = {
  // Of a restore, whether it is finished.
  read: [
    datasets,
    inputs,
    uploads,
    files,
    splits,
    models,
    backbones,
    cache,
    jobFiles,
    batchFiles,
    checkpoints,
    keys.restore(),
  ],
  write: [splits, models, cache, jobFiles, batchFiles, checkpoints, webhookNotices],
  // A trainer deletes old checkpoints, and the open-job entry of a job that has ended.
  delete: [checkpoints, openJobs],
  erase: [],
};

/** Whoever tells webhooks. */
const DELIVERER: Access = {
  read: [webhooks, webhookDeliveries, webhookNotices],
  write: [webhooks, webhookDeliveries, webhookQueue],
  delete: [webhookDeliveries, webhookQueue],
  erase: [],
};

/** The function that handles batch events writes them into job records and job events. */
const JOB_EVENTS: Access = {
  read: [job, jobEvents, batch, batchEvents],
  write: [job, jobEvents, batch, batchEvents, webhookNotices],
  delete: [openJobs],
  erase: [],
};

/** The access of everybody who works on a store with credentials of their own. */
export const ACCESS = {
  trainer: TRAINER,
  /** A worker runs trainers, finds jobs, and tells of itself. */
  worker: {
    read: [...TRAINER.read, workers],
    write: [...TRAINER.write, workers],
    delete: [...TRAINER.delete, workers],
    erase: TRAINER.erase,
  },
  api: {
    // Of a backbone only its record is read, and of cached features only of which pictures they are.
    read: [
      datasets,
      splits,
      models,
      keys.backbone('*'),
      jobFiles,
      batchFiles,
      inputs,
      checkpoints,
      openJobs,
      workers,
      idempotency,
      uploads,
      files,
      weights,
      featureMembers,
      inspections,
      apiKeys,
      audit,
      usage,
      webhooks,
      webhookDeliveries,
    ],
    // Models and backbones, because classifiers are imported as they are; trained models come from trainers.
    // Uploads, because a presigned link has the permissions of the role that signed it.
    // A checkpoint is copied for the job that makes a model of it, and splits for a dataset that is renamed.
    write: [
      datasets,
      splits,
      job,
      jobEvents,
      batchFiles,
      checkpoints,
      openJobs,
      idempotency,
      uploads,
      files,
      models,
      backbones,
      weights,
      inspections,
      apiKeys,
      audit,
      usage,
      webhooks,
      webhookDeliveries,
      webhookQueue,
    ],
    // The open-job entry of a job that is cancelled while it waits.
    delete: [openJobs],
    // Whatever is made of people's pictures, since people ask for its deletion by law; keys that are revoked, and webhooks.
    erase: [
      datasets,
      splits,
      models,
      jobFiles,
      batchFiles,
      inputs,
      checkpoints,
      uploads,
      files,
      features,
      inspections,
      apiKeys,
      webhooks,
      webhookDeliveries,
      webhookQueue,
    ],
  },
  jobEvents: JOB_EVENTS,
  deliverer: DELIVERER,
  /** The same where jobs may wait for workers: it finds those that no worker takes. */
  jobEventsAndWorkers: { ...JOB_EVENTS, read: [...JOB_EVENTS.read, workers] },
} as const satisfies Readonly<Record<string, Access>>;
