// Drawn pictures in a store, as many as a test needs.

import { drawSampleDataset, SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

export interface DrawnPictures {
  readonly imagesPerClass: number;
  readonly seed: number;
  /** Left out, all of them. */
  readonly classes?: readonly string[];
}

export const drawPictures = (
  store: ObjectStore,
  dataset: string,
  { classes = SAMPLE_CLASSES, ...options }: DrawnPictures,
): ReturnType<typeof drawSampleDataset> =>
  drawSampleDataset(async (file, bytes) => {
    if (classes.some((name) => file.startsWith(`${name}/`)))
      await store.put(keys.datasetFile(dataset, ...file.split('/')), bytes);
  }, options);

/** A store in memory with a few pictures in it. */
export async function storeWithPictures(dataset: string, imagesPerClass = 12): Promise<ObjectStore> {
  const store = createMemoryStore();
  await drawPictures(store, dataset, { imagesPerClass, seed: 1 });
  return store;
}
