// What removes the bucket that outlives a stack, against a stand-in for S3 with versions.

import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/cloud/run-command.ts';
import { startMoto } from '../support/start-moto.ts';

const SCRIPT = fileURLToPath(new URL('../../infra/remove-remains.ts', import.meta.url));
const moto = await startMoto();
if (moto.endpoint === undefined) console.warn(`No bucket is removed: ${moto.reason}.`);

describe.skipIf(moto.endpoint === undefined)('remove-remains', () => {
  const { endpoint, stop } = moto as Extract<typeof moto, { endpoint: string }>;
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
  };
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  afterAll(() => stop());
  const remove = (...args: string[]) =>
    runCommand(process.execPath, ['--import', 'tsx', SCRIPT, ...args], { env: variables });

  it('says what is there and deletes nothing, and then all of it, with earlier versions', async () => {
    const Bucket = 'remains';
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    for (const Body of ['one', 'another'])
      await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));

    expect(await remove(Bucket)).toMatch(/holds 4 versions of objects, 0\.00 GB.*remains --delete/s);
    await client.send(new HeadBucketCommand({ Bucket }));
    expect(await remove(Bucket, '--delete')).toContain('It is deleted.');
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(remove(Bucket)).rejects.toThrow('NoSuchBucket');
  });
});
