// Lets the stack's three roles read, write and delete what core/storage/access.ts says.

import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { ACCESS, type Access } from '../../core/storage/access.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';

/** Lets a trainer read datasets, and write how they are split, its job, its checkpoints and its model. */
export const allowTrainer = (role: Role, bucket: IBucket) => allow(role, bucket, ACCESS.trainer);
/** Lets the API serve everything, receive datasets and jobs, and import published models. */
export const allowApi = (role: Role, bucket: IBucket) => allow(role, bucket, ACCESS.api);
/**
 * Lets the function that handles batch events write them into job records and job events.
 * @param options `looksAgain`: it also finds jobs that wait for workers.
 */
export const allowJobEvents = (
  role: Role,
  bucket: IBucket,
  { looksAgain }: { readonly looksAgain: boolean },
) => allow(role, bucket, looksAgain ? ACCESS.jobEventsAndWorkers : ACCESS.jobEvents);

/** Lets a function tell webhooks what happened. */
export const allowDelivering = (role: Role, bucket: IBucket) =>
  allow(role, bucket, ACCESS.deliverer, 'WebhookAccess');

function allow(role: Role, bucket: IBucket, access: Access, name = 'BucketAccess'): void {
  const statements = [
    // Without it S3 answers 403 instead of 404 for an object that is not there.
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
    ...statementOf(bucket, 's3:GetObject', access.read),
    ...statementOf(bucket, 's3:PutObject', access.write),
    ...statementOf(bucket, 's3:DeleteObject', [...access.delete, ...access.erase]),
    ...statementOf(bucket, 's3:DeleteObjectVersion', access.erase),
    ...(access.erase.length === 0
      ? []
      : [new PolicyStatement({ actions: ['s3:ListBucketVersions'], resources: [bucket.bucketArn] })]),
  ];
  const policy = new Policy(role, name, { statements, roles: [role] });
  for (const pattern of new Set([...access.read, ...access.write, ...access.delete, ...access.erase])) {
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
