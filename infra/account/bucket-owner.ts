// Tells whose a bucket is: of which stack, and whether that is there. It only reads.

import { GetBucketLocationCommand, GetBucketTaggingCommand, type S3Client } from '@aws-sdk/client-s3';
import { CLOUDFORMATION_TAG, PROJECT_TAG, STACK_TAG } from '../settings/tags.ts';
import { findStack } from './find-stack.ts';

const USUAL_REGION = 'us-east-1';

/** A stack of Fovea, and whether it is still there. */
export interface BucketOwner {
  readonly stackName: string;
  /** The status of the stack; undefined where it is gone. */
  readonly status: string | undefined;
}

/**
 * Asks which stack of Fovea made a bucket.
 * @returns undefined where none did.
 * @throws what AWS says where it cannot be asked: whose the bucket is then is not known.
 */
export async function ownerOf(client: S3Client, bucket: string): Promise<BucketOwner | undefined> {
  const tags = await tagsOf(client, bucket);
  // Deployments before gave no tag of their own.
  const stackName = tags[STACK_TAG] ?? tags[CLOUDFORMATION_TAG];
  if (tags[PROJECT_TAG.name] !== PROJECT_TAG.value || stackName === undefined) return undefined;
  const { LocationConstraint: place } = await client.send(new GetBucketLocationCommand({ Bucket: bucket }));
  // The stack is where the bucket is, wherever the caller is.
  const region = place === undefined ? USUAL_REGION : place === 'EU' ? 'eu-west-1' : place;
  const status = (await findStack(stackName, region))?.StackStatus;
  return { stackName, status: status === 'DELETE_COMPLETE' ? undefined : status };
}

async function tagsOf(
  client: S3Client,
  Bucket: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  try {
    const { TagSet = [] } = await client.send(new GetBucketTaggingCommand({ Bucket }));
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchTagSet') return {};
    throw error;
  }
}
