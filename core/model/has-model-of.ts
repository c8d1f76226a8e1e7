// Whether a model was trained on a dataset.

import { z } from 'zod';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { MANIFEST_FILE } from './read-manifest.ts';
import { listModels } from './versions.ts';

/** The one field that matters, so that a manifest may be damaged elsewhere. */
const TrainedOnSchema = z.object({ dataset: z.string().nullable() });

/** Manifests read at once. */
const CONCURRENCY = 16;

/** Whether any model was trained on the dataset. Reads manifests, newest versions first, until one names it. */
export async function hasModelOf(store: ObjectStore, dataset: string): Promise<boolean> {
  const manifests = (await listModels(store, { withHidden: true })).models.flatMap(({ model, versions }) =>
    versions.toReversed().map((version) => keys.modelFile(model, version, MANIFEST_FILE)),
  );
  for (let start = 0; start < manifests.length; start += CONCURRENCY) {
    const found = manifests.slice(start, start + CONCURRENCY).map((key) => trainedOn(store, key));
    if ((await Promise.all(found)).includes(dataset)) return true;
  }
  return false;
}

/**
 * The dataset of a version, by its manifest; null where it has none, or the manifest cannot be read.
 * @param key of the manifest.
 */
export async function trainedOn(store: ObjectStore, key: string): Promise<string | null> {
  const body = (await store.get(key))?.body;
  if (body === undefined) return null;
  try {
    return TrainedOnSchema.parse(JSON.parse(new TextDecoder().decode(body))).dataset;
  } catch {
    return null;
  }
}
