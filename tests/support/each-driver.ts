// All drivers of the object store, each with a fresh one for whoever asks; S3's on moto, where that is to be had.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { startS3 } from './start-s3.ts';

/** Calls `describeFor` for each driver; what it registers runs on a store of its own each time it opens one. */
export async function eachDriver(
  describeFor: (name: string, open: () => Promise<ObjectStore>) => void,
): Promise<void> {
  describeFor('memory', async () => createMemoryStore());

  const folder = await mkdtemp(join(tmpdir(), 'fovea-store-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  describeFor('filesystem', async () => createFilesystemStore({ root: join(folder, randomUUID(), 'new') }));

  const s3 = await startS3();
  if (s3.options === undefined) {
    console.warn(`The S3 driver is not tested: ${s3.reason}.`);
    describe.skip(`s3 (${s3.reason})`, () => test('is skipped', () => undefined));
    return;
  }
  afterAll(s3.stop);
  const { options } = s3;
  const bucket = 'contract';
  await s3.createBucket(bucket);
  describeFor('s3', async () => createS3Store({ bucket, prefix: randomUUID(), ...options }));
}
