// The least-privilege policy of a worker outside of AWS, as IAM takes it. Knows the key layout and nothing of how it is attached.

import { ACCESS } from '../../../storage/access.ts';

/** A bucket, and the folder of the store in it. */
export interface StorePlace {
  readonly bucket: string;
  /** Empty for the whole bucket. */
  readonly prefix: string;
}

/** A policy document of IAM. */
export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Effect: 'Allow';
    readonly Action: string;
    readonly Resource: string | readonly string[];
  }[];
}

/** The policy by which a worker may do its work in a store, and nothing else. */
export function workerPolicy({ bucket, prefix }: StorePlace): IamPolicy {
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  const arn = `arn:aws:s3:::${bucket}`;
  const allow = (Action: string, patterns: readonly string[]) => ({
    Effect: 'Allow' as const,
    Action,
    Resource: patterns.map((pattern) => [arn, ...(folder === '' ? [] : [folder]), pattern].join('/')),
  });
  return {
    Version: '2012-10-17',
    Statement: [
      // Without it, S3 answers 403 instead of 404 for an object that is not there. A condition on the prefix would not apply there.
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn },
      allow('s3:GetObject', ACCESS.worker.read),
      allow('s3:PutObject', ACCESS.worker.write),
      allow('s3:DeleteObject', ACCESS.worker.delete),
    ],
  };
}
