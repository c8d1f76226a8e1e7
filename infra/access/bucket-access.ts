// Says which role may read, write and delete which objects: one table for the stack's three roles. A segment `*` makes a key
// an IAM pattern.

import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { keys } from '../../core/storage/keys.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';

interface Access {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly delete: readonly string[];
}

const datasets = `${keys.datasets()}*`;
const splits = `${keys.splits()}*`;
const models = `${keys.models()}*`;
const backbones = `${keys.backbones()}*`;
const cache = `${keys.cache()}*`;
const weights = keys.weights('*');
const job = keys.job('*');
const jobEvents = `${keys.jobEvents('*')}*`;
const jobFiles = `${keys.jobs()}*`;
const openJobs = `${keys.openJobs()}*`;
const checkpoints = `${keys.checkpoints()}*`;
const uploads = `${keys.uploads()}*`;
const idempotency = keys.idempotency('*');

const TRAINER: Access = {
  read: [datasets, splits, models, backbones, cache, jobFiles, checkpoints],
  write: [splits, models, cache, jobFiles, checkpoints],
  // A trainer deletes old checkpoints, and the open-job entry of a job that has ended.
  delete: [checkpoints, openJobs],
};

const API: Access = {
  // Of a backbone only its record is read, not its weights.
  read: [datasets, splits, models, keys.backbone('*'), jobFiles, openJobs, idempotency, uploads, weights],
  // Models, because published weights are imported as they are; trained ones come from trainers.
  // Uploads, because a presigned link has the permissions of the role that signed it.
  write: [datasets, job, jobEvents, openJobs, idempotency, uploads, models, weights],
  // The open-job entry of a job that is cancelled while it waits.
  delete: [openJobs],
};

const JOB_EVENTS: Access = { read: [job, jobEvents], write: [job, jobEvents], delete: [openJobs] };

/** Lets a trainer read datasets, and write how they are split, its job, its checkpoints and its model. */
export const allowTrainer = (role: Role, bucket: IBucket) => allow(role, bucket, TRAINER);
/** Lets the API serve everything, receive datasets and jobs, and import published models. */
export const allowApi = (role: Role, bucket: IBucket) => allow(role, bucket, API);
/** Lets the function that handles batch events write them into job records and job events. */
export const allowJobEvents = (role: Role, bucket: IBucket) => allow(role, bucket, JOB_EVENTS);

function allow(role: Role, bucket: IBucket, access: Access): void {
  const statements = [
    // Without it S3 answers 403 instead of 404 for an object that is not there.
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
    ...statementOf(bucket, 's3:GetObject', access.read),
    ...statementOf(bucket, 's3:PutObject', access.write),
    ...statementOf(bucket, 's3:DeleteObject', access.delete),
  ];
  const policy = new Policy(role, 'BucketAccess', { statements, roles: [role] });
  for (const pattern of new Set([...access.read, ...access.write, ...access.delete])) {
    const reason = 'The objects below this prefix are many; the pattern is as narrow as their keys allow.';
    acknowledgeWildcard(policy, bucket.arnForObjects(pattern), reason);
  }
}

const statementOf = (bucket: IBucket, action: string, patterns: readonly string[]) =>
  patterns.length === 0
    ? []
    : [
        new PolicyStatement({
          actions: [action],
          resources: patterns.map((pattern) => bucket.arnForObjects(pattern)),
        }),
      ];
