// The bucket: the only place with state. Versioned, closed to the public, and swept of what nobody needs any more.

import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { EXPIRIES } from '../../core/storage/keys.ts';

export interface DataBucketProps {
  /** Days that replaced and deleted objects can be brought back. */
  readonly retentionDays: number;
}

const UNFINISHED_UPLOAD_DAYS = 2;
const PREFLIGHT_SECONDS = 3600;

/** Datasets, jobs and models. Stays when the stack is destroyed. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;
  /** What opens it as an object store. */
  readonly storeUrl: string;

  constructor(scope: Construct, id: string, { retentionDays }: DataBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
      // For the page, which uploads large photos by presigned links. The link is the right; the origin adds none to it.
      cors: [
        {
          allowedMethods: [HttpMethods.PUT],
          allowedOrigins: ['*'],
          allowedHeaders: ['content-type', 'if-none-match'],
          maxAge: PREFLIGHT_SECONDS,
        },
      ],
      lifecycleRules: [
        {
          id: 'old-versions',
          abortIncompleteMultipartUploadAfter: Duration.days(UNFINISHED_UPLOAD_DAYS),
          noncurrentVersionExpiration: Duration.days(retentionDays),
          expiredObjectDeleteMarker: true,
        },
        ...EXPIRIES.map(({ id, prefix, days }) => ({
          id,
          prefix,
          expiration: Duration.days(days),
          noncurrentVersionExpiration: Duration.days(1),
        })),
      ],
    });
    this.storeUrl = `s3://${this.bucket.bucketName}`;
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access logs would cost money while idle; who needs them turns on CloudTrail data events for the bucket.',
    });
  }
}
