// A store in memory with a few drawn pictures in it.

import { drawSampleDataset } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

export async function storeWithPictures(dataset: string): Promise<ObjectStore> {
  const store = createMemoryStore();
  await drawSampleDataset(
    async (file, bytes) => void (await store.put(keys.datasetFile(dataset, ...file.split('/')), bytes)),
    { imagesPerClass: 12, seed: 1 },
  );
  return store;
}
