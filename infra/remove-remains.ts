// Deletes what outlives the stack: the bucket, with all versions of its objects. It first says what that is and what it costs.
//   npm run remove-remains -- BUCKET                 shows it
//   npm run remove-remains -- BUCKET --delete        deletes it, for good

import { parseArgs } from 'node:util';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  S3Client,
} from '@aws-sdk/client-s3';
import { createClient } from './account/create-client.ts';

const USAGE = 'npm run remove-remains -- BUCKET [--delete]';
/** The price of storage in us-east-1 for a month. Other regions cost up to a half more. */
const USD_PER_GB = 0.023;
const BYTES_PER_GB = 1e9;

const { values, positionals } = parseArgs({
  options: { delete: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [bucket] = positionals;
if (bucket === undefined || positionals.length > 1) {
  console.error(`Name the bucket: ${USAGE}. "cdk deploy" wrote its name as BucketName.`);
  process.exit(1);
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
  if (!values.delete)
    console.log(
      `To delete all of it for good, datasets and models too: npm run remove-remains -- ${bucket} --delete`,
    );
  else {
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
    `Not everything of "${bucket}" could be read or deleted: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`,
  );
  process.exitCode = 1;
}
