// 100,000 tiny pictures in a batch that is killed twice: on a server of its own, and as an array of processes that AWS Batch's stand-in
// starts. Exits with 1 where a picture is answered twice or not at all, or otherwise than a prediction answers it.
//
//   npm run test:batches -- [--pictures 100000] [--only local,array,s3] [--s3-pictures 8000] [--data FOLDER]

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { writeTinyPictures } from '../scale/write-tiny-pictures.ts';
import { commitColorModel } from '../support/color-model.ts';
import { startS3 } from '../support/start-s3.ts';
import { killArray } from './kill-array.ts';
import { killServer } from './kill-server.ts';

const CLASSES = 10;

const options = new Command('test:batches')
  .option('--pictures <n>', 'in all', Number, 100_000)
  .option('--s3-pictures <n>', 'over S3', Number, 8000)
  .option('--only <parts>', 'local, array, s3', 'local,array,s3')
  .option('--data <folder>', 'to work in and to keep; pictures that are there already are used')
  .parse()
  .opts<{
    readonly pictures: number;
    readonly s3Pictures: number;
    readonly only: string;
    readonly data?: string;
  }>();

const data = options.data ?? (await mkdtemp(path.join(os.tmpdir(), 'fovea-batches-')));
await mkdir(data, { recursive: true });
const parts = options.only.split(',');
const startedMs = performance.now();
let wrong = 0;
const say = (text: string) =>
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${text}`);
const report = (what: string, problems: readonly string[]) => {
  say(`${problems.length === 0 ? 'right' : 'WRONG'}: ${what} ${problems.join(' ')}`);
  if (problems.length > 0) wrong += 1;
};

try {
  const storeUrl = pathToFileURL(path.resolve(data)).href;
  const store = await openObjectStore(storeUrl);
  say(`drawing ${options.pictures} pictures`);
  await writeTinyPictures(path.join(data, 'datasets', 'tiny'), { count: options.pictures, classes: CLASSES });
  if ((await store.head('models/color/1/manifest.json')) === undefined) await commitColorModel(store);
  const batch = { pictures: options.pictures, say };
  if (parts.includes('local'))
    report('a server and its batch, each killed once.', await killServer(data, batch));
  if (parts.includes('array'))
    report('an array of four, of which two were killed.', await killArray(store, storeUrl, batch));
  if (parts.includes('s3')) {
    const s3 = await startS3();
    if (s3.options === undefined) report(`S3 is not tried: ${s3.reason}`, ['There is no server.']);
    else
      try {
        await s3.createBucket('batches');
        const bucket = await openObjectStore('s3://batches/here', { s3: s3.options });
        await commitColorModel(bucket);
        let copied = 0;
        for await (const { key } of store.list('datasets/tiny/')) {
          const object = await store.get(key);
          if (object !== undefined) await bucket.put(key, object.body);
          if (++copied === options.s3Pictures) break;
        }
        report(
          'an array over S3, of which two were killed.',
          await killArray(bucket, 's3://batches/here', { pictures: copied, say, env: s3.environment }),
        );
      } finally {
        await s3.stop();
      }
  }
} finally {
  if (options.data === undefined) await rm(data, { recursive: true, force: true });
}
process.exit(wrong === 0 ? 0 : 1);
