// All drivers of the object store, each with a fresh one for whoever asks; S3's on moto, where that is to be had.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, test } from 'vitest';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { MOTO_CREDENTIALS, startMoto } from './start-moto.ts';

const REGION = 'us-east-1';

/** Calls `describeFor` for each driver; what it registers runs on a store of its own each time it opens one. */
export async function eachDriver(
  describeFor: (name: string, open: () => Promise<ObjectStore>) => void,
): Promise<void> {
  describeFor('memory', async () => createMemoryStore());

  const folder = await mkdtemp(join(tmpdir(), 'fovea-store-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  describeFor('filesystem', async () => createFilesystemStore({ root: join(folder, randomUUID(), 'new') }));

  const moto = await startMoto();
  if (moto.endpoint === undefined) {
    console.warn(`The S3 driver is not tested: ${moto.reason}.`);
    describe.skip(`s3 (${moto.reason})`, () => test('is skipped', () => undefined));
    return;
  }
  const { endpoint, stop } = moto;
  afterAll(stop);
  const credentials = MOTO_CREDENTIALS;
  const client = new S3Client({ endpoint, forcePathStyle: true, region: REGION, credentials });
  const bucket = 'contract';
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  describeFor('s3', async () =>
    createS3Store({ bucket, prefix: randomUUID(), endpoint, region: REGION, credentials }),
  );
}
