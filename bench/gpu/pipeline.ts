// Measures what the main thread does for a picture before a step: with values, where JavaScript cuts and colors views, and
// with pixels, where the device does.
// Arguments: folder of photographs, pictures in a batch.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AUGMENTATIONS } from '../../batch-job/augmentation/presets.ts';
import { batches, type ExampleSource, pixelBatches } from '../../batch-job/examples/example-source.ts';
import { pictureExamples } from '../../batch-job/examples/pictures.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { report } from './report-line.ts';

const EPOCHS = 4;
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

/** Prints the CPU time of the main thread in ms per picture, after a first epoch that decodes. */
async function measure(kind: 'values' | 'pixels'): Promise<void> {
  const source = pictureExamples(store, items as never, INPUT, {
    augmentation: AUGMENTATIONS.strong,
    seed: 1,
  });
  const stream = (examples: ExampleSource) =>
    kind === 'pixels'
      ? pixelBatches(examples, order, Number(batchText))
      : batches(examples, order, Number(batchText));
  const epoch = async (number: number) => {
    for await (const _ of stream(source.atEpoch?.(number) ?? source));
  };
  await epoch(1);
  const before = performance.eventLoopUtilization();
  for (let number = 2; number < 2 + EPOCHS; number++) await epoch(number);
  const { active } = performance.eventLoopUtilization(before);
  report({ pipeline: kind, pictures: items.length, mainThreadMsAPicture: active / (EPOCHS * items.length) });
}

await measure('values');
await measure('pixels');
process.exit(0);
