// Erases pictures from the picture indexes of versions that were trained on their dataset.

import { mapConcurrently } from '../concurrently.ts';
import { isFoveaError } from '../errors/errors.ts';
import { listNumbers } from '../model/delete-model.ts';
import { trainedOn } from '../model/has-model-of.ts';
import {
  type IndexedPicture,
  PICTURE_INDEX_FILE,
  packPictureIndex,
  unpackPictureIndex,
  withoutPictures,
} from '../model/picture-index.ts';
import { MANIFEST_FILE } from '../model/read-manifest.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Versions that are looked at at a time. */
const CONCURRENCY = 8;
/** Indexes that are in memory at a time: each may have 20 MB, and half as much again while it is written. */
const INDEX_CONCURRENCY = 2;

/**
 * Takes rows out of all indexes of a dataset, also of versions that are hidden while their model is renamed. An index that cannot be read is
 * erased whole: nobody could tell whom it names.
 *
 * @param names All names by which versions may know the dataset.
 */
export async function eraseFromIndexes(
  store: ObjectStore,
  names: ReadonlySet<string>,
  isErased: (picture: IndexedPicture) => boolean,
): Promise<void> {
  const versions: { readonly model: string; readonly version: string }[] = [];
  for await (const model of store.listFolders(keys.models()))
    for (const version of await listNumbers(store, model)) versions.push({ model, version });
  const found = await mapConcurrently(
    versions,
    async ({ model, version }) => {
      // A copy that a rename has begun may have no manifest yet.
      const dataset = await trainedOn(store, keys.modelFile(model, version, MANIFEST_FILE));
      if (dataset !== null && !names.has(dataset)) return [];
      const key = keys.modelFile(model, version, PICTURE_INDEX_FILE);
      return (await store.head(key)) === undefined ? [] : [key];
    },
    CONCURRENCY,
  );
  await mapConcurrently(
    found.flat(),
    (key) => eraseFromIndex(store, key, names, isErased),
    INDEX_CONCURRENCY,
  );
}

async function eraseFromIndex(
  store: ObjectStore,
  key: string,
  names: ReadonlySet<string>,
  isErased: (picture: IndexedPicture) => boolean,
): Promise<void> {
  const stored = await store.get(key);
  if (stored === undefined) return;
  const index = readable(key, stored.body);
  if (index === undefined) return store.erase(key);
  if (!names.has(index.dataset)) return;
  const left = withoutPictures(index, isErased);
  if (left.pictures.length === index.pictures.length) return;
  // A bucket keeps earlier versions of what is written over.
  await store.erase(key);
  await store.put(key, packPictureIndex(left));
}

function readable(key: string, body: Uint8Array) {
  try {
    return unpackPictureIndex(key, body);
  } catch (error) {
    if (isFoveaError(error)) return undefined;
    throw error;
  }
}
