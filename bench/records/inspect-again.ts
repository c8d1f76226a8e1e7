// Measures how long a second inspection of a large dataset takes, against the listing of its files and the first one. Prints seconds.
//
//   node --import tsx bench/records/inspect-again.ts [--pictures 100000] [--data FOLDER]

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { keys } from '../../core/storage/keys.ts';
import { writeTinyPictures } from '../../tests/scale/write-tiny-pictures.ts';

const DATASET = 'tiny';
const { values } = parseArgs({
  options: { pictures: { type: 'string', default: '100000' }, data: { type: 'string' } },
});
const root = values.data ?? (await mkdtemp(path.join(os.tmpdir(), 'fovea-inspect-')));
const store = createFilesystemStore({ root });

async function measure<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const [wall, cpu] = [performance.now() - startedMs, (user + system) / 1000];
  console.log(
    `${name.padEnd(40)} ${(wall / 1000).toFixed(1).padStart(7)} s, processor ${(cpu / 1000).toFixed(1)} s`,
  );
  return result;
}

async function listed(prefix: string) {
  let [count, bytes] = [0, 0];
  for await (const { sizeBytes } of store.list(prefix)) {
    count += 1;
    bytes += sizeBytes;
  }
  return { count, bytes };
}

const inspect = () =>
  inspectDataset(store, DATASET, { split: { train: 0.75, validation: 0.15, test: 0.1 }, tidies: true });

try {
  await writeTinyPictures(path.join(root, keys.dataset(DATASET)), {
    count: Number(values.pictures),
    classes: 10,
  });
  await measure('list the files', () => listed(keys.dataset(DATASET)));
  const first = await measure('inspect for the first time', inspect);
  const second = await measure('inspect again', inspect);
  await measure('inspect again', inspect);
  await measure('list the files', () => listed(keys.dataset(DATASET)));
  const { count, bytes } = await listed(keys.datasetInspections(DATASET));
  console.log(`${first.items.length} pictures; the same: ${first.contentHash === second.contentHash}`);
  console.log(`what is kept: ${count} objects, ${(bytes / 1e6).toFixed(1)} MB`);
} finally {
  if (values.data === undefined) await rm(root, { recursive: true, force: true });
}
