// Deletes what outlives the stack: the bucket, with all versions of its objects. It first says what that is and what it costs.
//   npm run remove-remains -- BUCKET                 shows it
//   npm run remove-remains -- BUCKET --delete        asks, and deletes it for good; --yes says so beforehand
// It deletes no bucket that a stack of Fovea has not made, and none whose stack is there.

import { parseArgs } from 'node:util';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  S3Client,
} from '@aws-sdk/client-s3';
import { confirm } from '../cli/terminal/ask.ts';
import { UsageError } from '../cli/terminal/exit-codes.ts';
import { ownerOf } from './account/bucket-owner.ts';
import { createClient } from './account/create-client.ts';

const USAGE = 'npm run remove-remains -- BUCKET [--delete] [--yes]';
/** The price of storage in us-east-1 for a month. Other regions cost up to a half more. */
const USD_PER_GB = 0.023;
const BYTES_PER_GB = 1e9;

const { values, positionals } = parseArgs({
  options: { delete: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [bucket] = positionals;
if (bucket === undefined || positionals.length > 1) {
  console.error(`Name the bucket: ${USAGE}. "cdk deploy" wrote its name as BucketName.`);
  process.exit(1);
}
/** The bucket is left as it is, for the reason of the message. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

const client = createClient(S3Client, { forcePathStyle: Boolean(process.env['AWS_ENDPOINT_URL']) });

/** All versions and delete markers, a page at a time. */
async function* versions(): AsyncGenerator<{ readonly found: ObjectIdentifier[]; readonly bytes: number }> {
  let after: { readonly KeyMarker?: string | undefined; readonly VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, ...after }));
    const kept = page.Versions ?? [];
    const found = [...kept, ...(page.DeleteMarkers ?? [])].flatMap(({ Key, VersionId }) =>
      Key === undefined ? [] : { Key, VersionId },
    );
    yield { found, bytes: kept.reduce((sum, { Size = 0 }) => sum + Size, 0) };
    if (page.IsTruncated !== true) return;
    after = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

/** Why the bucket must stay; undefined where it may go. */
async function whyItStays(name: string): Promise<string | undefined> {
  const owner = await ownerOf(client, name);
  if (owner === undefined)
    return `"${name}" has no tags of a stack of Fovea, so this command does not delete it. Compare its name with BucketName of the deployment's outputs.`;
  if (owner.status !== undefined)
    return `"${name}" is in use: the stack "${owner.stackName}" is there (${owner.status}). Remove that first: npx cdk destroy ${owner.stackName} -c stackName=${owner.stackName}`;
  return undefined;
}

let count = 0;
let bytes = 0;
try {
  for await (const page of versions()) {
    count += page.found.length;
    bytes += page.bytes;
  }
  const gigabytes = bytes / BYTES_PER_GB;
  console.log(
    `The bucket "${bucket}" holds ${count} versions of objects, ${gigabytes.toFixed(2)} GB: about US$ ${(gigabytes * USD_PER_GB).toFixed(2)} a month.`,
  );
  const why = await whyItStays(bucket);
  if (why !== undefined) {
    if (values.delete) throw new RefusedError(why);
    console.log(why);
  } else if (!values.delete)
    console.log(
      `To delete all of it for good, datasets and models too: npm run remove-remains -- ${bucket} --delete`,
    );
  else {
    const question = 'Delete all of it for good, datasets and models too?';
    if (!values.yes && !(await confirm(question))) throw new RefusedError('Nothing was deleted.');
    for await (const { found } of versions()) {
      if (found.length === 0) continue;
      const { Errors: [first] = [] } = await client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } }),
      );
      if (first !== undefined) throw new Error(`"${first.Key}" could not be deleted: ${first.Message}`);
    }
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    console.log('It is deleted.');
  }
} catch (error) {
  console.error(
    error instanceof RefusedError || error instanceof UsageError
      ? error.message
      : `Not everything of "${bucket}" could be read or deleted: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`,
  );
  process.exitCode = 1;
}
