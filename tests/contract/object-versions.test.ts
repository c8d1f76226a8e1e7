// Erasing in a bucket that keeps versions: nothing of an object is left, and readers see nothing come back meanwhile.

import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test } from 'vitest';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import { startS3 } from '../support/start-s3.ts';

const s3 = await startS3();
const BUCKET = 'versions-contract';

describe.skipIf(s3.options === undefined)(
  `erasing versions${s3.options === undefined ? ` (${s3.reason})` : ''}`,
  () => {
    if (s3.options === undefined) {
      console.warn(`Erasing versions is not tested: ${s3.reason}.`);
      test('is skipped', () => undefined);
      return;
    }
    const { options, createBucket } = s3;
    const client = new S3Client({ ...options, forcePathStyle: true });
    afterAll(async () => {
      client.destroy();
      await s3.stop();
    });
    let stores = 0;

    async function open() {
      await createBucket(BUCKET);
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
      const prefix = `store-${stores++}`;
      return { store: createS3Store({ bucket: BUCKET, prefix, client }), prefix };
    }

    /** Keys of all versions and markers. */
    async function left(prefix: string): Promise<string[]> {
      const page = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: `${prefix}/` }));
      expect(page.IsTruncated ?? false).toBe(false);
      return [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key = '' }) =>
        Key.slice(prefix.length + 1),
      );
    }

    test('an object goes with its versions and markers, also where it was deleted before', async () => {
      const { store, prefix } = await open();
      for (const body of ['1', '2', '3']) await store.put('f/a', body);
      await store.delete('f/a');
      await store.put('f/a', '4');
      for (const key of ['f/a-b', 'f/gone']) await store.put(key, key);
      await store.delete('f/gone');
      expect(await left(prefix)).toHaveLength(8);
      await store.erase('f/a');
      expect((await left(prefix)).sort()).toEqual(['f/a-b', 'f/gone', 'f/gone']);
      await store.erase('f/gone');
      expect(await left(prefix)).toEqual(['f/a-b']);
    });

    test('a folder goes with all versions, also of what is no longer listed', async () => {
      const { store, prefix } = await open();
      const odd = 'f/control\u0001';
      for (const key of ['f/a', 'f/b/c', 'f/+ %é', odd, 'f-g', 'f/gone']) {
        await store.put(key, '1');
        await store.put(key, '2');
      }
      await store.delete('f/gone');
      await store.eraseAll('f/');
      expect(await left(prefix)).toEqual(['f-g', 'f-g']);
    });

    test('readers see no earlier version come back', async () => {
      const { store, prefix } = await open();
      for (const body of ['1', '2', '3']) await store.put('f/a', body);
      const send = client.send.bind(client);
      const seen: string[] = [];
      client.send = (async (...parameters: Parameters<typeof send>) => {
        const answer = await send(...parameters);
        if (/Delete/.test(parameters[0].constructor.name))
          await send(new GetObjectCommand({ Bucket: BUCKET, Key: `${prefix}/f/a` })).then(
            () => seen.push('an object'),
            (error: Error) => seen.push(error.name),
          );
        return answer;
      }) as typeof send;
      try {
        await store.eraseAll('f/');
      } finally {
        client.send = send;
      }
      expect(seen.length).toBeGreaterThan(2);
      expect(new Set(seen)).toEqual(new Set(['NoSuchKey']));
      expect(await left(prefix)).toEqual([]);
    });
  },
);
