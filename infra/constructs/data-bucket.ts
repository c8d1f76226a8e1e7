// The bucket, which is the only place with state. It is versioned, closed to the public, and its lifecycle rules delete what
// has expired.

import { Duration, RemovalPolicy, Stack, Tags, Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { expiriesOf, type KeepDays } from '../../core/storage/retention.ts';
import { STACK_TAG } from '../settings/tags.ts';

/** How long the bucket keeps old versions, and what expires. */
export interface DataBucketProps {
  /** Days for which replaced and deleted objects can be restored. */
  readonly retentionDays: number;
  /** Days for which what expires is kept, where they are not those by default. */
  readonly keepDays: KeepDays;
}

const UNFINISHED_UPLOAD_DAYS = 2;
const PREFLIGHT_SECONDS = 3600;

/** The bucket of datasets, jobs and models. It stays when the stack is destroyed. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;
  /** The URL that opens it as an object store, `s3://…`. */
  readonly storeUrl: string;

  constructor(scope: Construct, id: string, { retentionDays, keepDays }: DataBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
      // The page uploads large photos by presigned links. The link is the permission, so any origin may use it.
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
        ...expiriesOf(keepDays).map(({ id, prefix, days }) => ({
          id,
          prefix,
          expiration: Duration.days(days),
          noncurrentVersionExpiration: Duration.days(1),
        })),
      ],
    });
    // It outlives the stack, and is removed by this name.
    Tags.of(this.bucket).add(STACK_TAG, Stack.of(this).stackName);
    this.storeUrl = `s3://${this.bucket.bucketName}`;
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access logs would cost money while idle; operators who need them turn on CloudTrail data events for the bucket.',
    });
  }

  /**
   * A topic that is told of every new object below a prefix. The bucket can have one. It costs nothing while nothing happens.
   * @param prefix ends in `/`.
   */
  notices(prefix: string): Topic {
    const topic = new Topic(this, 'Notices', { displayName: 'Fovea notices', enforceSSL: true });
    Validations.of(topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        "S3 cannot write to a topic under the key of AWS, and a key of one's own costs money while idle. Messages name keys of objects alone.",
    });
    // The ARN of the bucket would make a ring: the bucket names the topic, and is refused one to which it may not write.
    const { policyDependable } = topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    // The CDK's own way would bring a function that sets this, with rights to change the bucket.
    const bucket = this.bucket.node.defaultChild as CfnBucket;
    bucket.notificationConfiguration = {
      topicConfigurations: [
        {
          event: 's3:ObjectCreated:*',
          topic: topic.topicArn,
          filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
        },
      ],
    };
    if (policyDependable !== undefined) bucket.node.addDependency(policyDependable);
    return topic;
  }
}
