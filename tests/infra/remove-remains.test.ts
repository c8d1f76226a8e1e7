// What removes the bucket that outlives a stack, against a stand-in for S3 with versions.

import { fileURLToPath } from 'node:url';
import { CloudFormationClient, CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/cloud/run-command.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';

const SCRIPT = fileURLToPath(new URL('../../infra/remove-remains.ts', import.meta.url));
const moto = await startMoto({ withStack: true });
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
    credentials: MOTO_CREDENTIALS,
  });
  const formation = new CloudFormationClient({
    endpoint,
    region: 'us-east-1',
    credentials: MOTO_CREDENTIALS,
  });
  afterAll(() => stop());
  const remove = (...args: string[]) =>
    runCommand(process.execPath, ['--import', 'tsx', SCRIPT, ...args], { env: variables });

  const tag = (Bucket: string, tags: Readonly<Record<string, string>>) =>
    client.send(
      new PutBucketTaggingCommand({
        Bucket,
        Tagging: { TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      }),
    );

  it('deletes no bucket of others, none of a stack that is there, and none without being told so', async () => {
    const Bucket = 'of-somebody';
    await client.send(new CreateBucketCommand({ Bucket }));
    await expect(remove(Bucket, '--delete', '--yes')).rejects.toThrow(/no tags of a stack of Fovea/);
    await tag(Bucket, { project: 'fovea' });
    await expect(remove(Bucket, '--delete', '--yes')).rejects.toThrow(/no tags of a stack of Fovea/);
    await tag(Bucket, { 'fovea:stack': 'Gone' });
    await expect(remove(Bucket, '--delete', '--yes')).rejects.toThrow(/no tags of a stack of Fovea/);
    await tag(Bucket, { project: 'fovea', 'fovea:stack': 'Running' });
    const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } });
    await formation.send(new CreateStackCommand({ StackName: 'Running', TemplateBody }));
    await expect(remove(Bucket, '--delete', '--yes')).rejects.toThrow(
      /in use: the stack "Running" is there \(CREATE_COMPLETE\).*npx cdk destroy Running/,
    );
    expect(await remove(Bucket)).toMatch(/holds 0 versions.*in use/s);
    await formation.send(new DeleteStackCommand({ StackName: 'Running' }));
    await expect(remove(Bucket, '--delete')).rejects.toThrow(/no terminal to ask at: say yes with --yes/);
    await client.send(new HeadBucketCommand({ Bucket }));
  });

  it('says what is there and deletes nothing, and then all of it, with earlier versions', async () => {
    const Bucket = 'remains';
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    await tag(Bucket, { project: 'fovea', 'fovea:stack': 'Gone' });
    for (const Body of ['one', 'another'])
      await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));

    expect(await remove(Bucket)).toMatch(/holds 4 versions of objects, 0\.00 GB.*remains --delete/s);
    await client.send(new HeadBucketCommand({ Bucket }));
    expect(await remove(Bucket, '--delete', '--yes')).toContain('It is deleted.');
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(remove(Bucket)).rejects.toThrow('NoSuchBucket');
  });
});
