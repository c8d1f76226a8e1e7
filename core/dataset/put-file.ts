// Puts a file into a dataset: what is no picture is refused before it is stored. Knows nothing of requests and archives.

import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import { readImageHeader } from '../image/read-image-header.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { isHiddenName } from './hidden-name.ts';

/**
 * Stores a file, or replaces it. The header of the picture is checked, which costs little; damage behind it is found by an inspection.
 * Hidden files of operating systems, which every inspection leaves out, are stored as they are.
 *
 * @param path the folders and the name of the file below the dataset; their names are checked already.
 * @returns its key.
 * @throws {FoveaError} the errors of {@link readImageHeader}, and those of the store.
 */
export async function putFile(
  store: ObjectStore,
  dataset: string,
  path: readonly string[],
  bytes: Uint8Array,
): Promise<string> {
  const key = keys.datasetFile(dataset, ...path);
  if (!path.some(isHiddenName)) await readImageHeader(bytes, DEFAULT_IMAGE_LIMITS);
  await store.put(key, bytes);
  return key;
}
