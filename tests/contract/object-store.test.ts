import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, test } from 'vitest';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';
import { describeObjectStore } from './object-store.ts';

describeObjectStore('memory', async () => createMemoryStore());

const folder = await mkdtemp(join(tmpdir(), 'fovea-store-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
describeObjectStore('filesystem', async () =>
  createFilesystemStore({ root: join(folder, randomUUID(), 'new') }),
);

const moto = await startMoto();
if (moto.endpoint === undefined) {
  console.warn(`The contract of the S3 driver is not tested: ${moto.reason}.`);
  describe.skip(`object store: s3 (${moto.reason})`, () => test('is skipped', () => undefined));
} else {
  const { endpoint, stop } = moto;
  afterAll(stop);
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: MOTO_CREDENTIALS,
  });
  const bucket = 'contract';
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  describeObjectStore('s3', async () =>
    createS3Store({
      bucket,
      prefix: randomUUID(),
      endpoint,
      region: 'us-east-1',
      credentials: MOTO_CREDENTIALS,
    }),
  );
}
