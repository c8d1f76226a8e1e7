// Measures the pipeline alone: what the main thread does for a picture before a step, and how many pictures a second come out of it.
// Values are cut and colored by JavaScript; pixels are left to the device, and come from memory, from disk, or from their files.
// Arguments: folder of photographs, pictures in a batch. UV_THREADPOOL_SIZE is the number of threads that decode.

import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AUGMENTATIONS } from '../../batch-job/augmentation/presets.ts';
import { batches, type ExampleSource, pixelBatches } from '../../batch-job/examples/example-source.ts';
import type { KeptPictures } from '../../batch-job/examples/picture-reader.ts';
import { pictureExamples } from '../../batch-job/examples/pictures.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { report } from './report-line.ts';

const EPOCHS = 9;
const INPUT = { height: 224, width: 224, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;

const [folder = '', batchText = '32'] = process.argv.slice(2);
const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png)$/i.test(name));
const store = createMemoryStore();
const items = await Promise.all(
  names.map(async (name, i) => {
    await store.put(name, await readFile(path.join(folder, name)));
    return { key: name, classIndex: 0, contentHash: i.toString(16).padStart(64, '0') };
  }),
);
const order = Int32Array.from(items, (_, i) => i);

/**
 * Prints the work of the main thread in ms per picture, and pictures a second, after a first epoch: the median of the epochs, and
 * the best, which other work on the machine disturbs least.
 */
async function measure(kind: 'values' | 'pixels', from: string, kept: KeptPictures): Promise<void> {
  const source = pictureExamples(store, items as never, INPUT, {
    augmentation: AUGMENTATIONS.strong,
    seed: 1,
    kept,
  });
  const stream = (examples: ExampleSource) =>
    kind === 'pixels'
      ? pixelBatches(examples, order, Number(batchText))
      : batches(examples, order, Number(batchText));
  const epoch = async (number: number) => {
    const before = performance.eventLoopUtilization();
    const startedMs = performance.now();
    for await (const _ of stream(source.atEpoch?.(number) ?? source));
    const { active } = performance.eventLoopUtilization(before);
    return {
      threadMs: active / items.length,
      aSecond: (1000 * items.length) / (performance.now() - startedMs),
    };
  };
  await epoch(1);
  const epochs: Awaited<ReturnType<typeof epoch>>[] = [];
  for (let number = 2; number < 2 + EPOCHS; number++) epochs.push(await epoch(number));
  source.close?.();
  const sorted = (key: 'threadMs' | 'aSecond') => epochs.map((one) => one[key]).sort((a, b) => a - b);
  const [threadMs, aSecond] = [sorted('threadMs'), sorted('aSecond')];
  const middle = EPOCHS >> 1;
  report({
    pipeline: kind,
    from,
    pictures: items.length,
    mainThreadMsAPicture: { median: threadMs[middle], best: threadMs[0] },
    picturesPerSecond: { median: aSecond[middle], best: aSecond.at(-1) },
  });
}

await measure('pixels', 'memory', { memoryBytes: 2 ** 30 });
await measure('pixels', 'disk', { memoryBytes: 0, directory: tmpdir() });
await measure('pixels', 'files', { memoryBytes: 0 });
await measure('values', 'files in memory', { memoryBytes: 2 ** 30 });
process.exit(0);
