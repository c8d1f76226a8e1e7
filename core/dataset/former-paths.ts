// Where files of a dataset were before they were moved, so that what names a file by a former path is found when the file is deleted. Each file
// that was moved has an object of its own, which is erased together with the file.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { FORMATS } from '../storage/formats.ts';
import { changeOrCreateJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const FORMER_PATHS = {
  ...FORMATS.formerPaths,
  schema: z.object({
    /** Below the dataset's prefix, oldest first. */
    paths: z.array(z.string()),
  }),
};

const keyOf = (dataset: string, path: string): string =>
  keys.formerPathsOf(dataset, contentHashOf(Buffer.from(path)));

/**
 * Records a move, for a file that is at both paths. To be called before the file is erased at the old one, so that a move that is interrupted
 * loses nothing.
 * @throws {FoveaError} `record-contended`, `record-invalid`, `format-newer`.
 */
export async function recordMove(
  store: ObjectStore,
  dataset: string,
  from: string,
  to: string,
): Promise<void> {
  const earlier = (await readJson(store, keyOf(dataset, from), FORMER_PATHS))?.value.paths;
  await changeOrCreateJson(store, keyOf(dataset, to), FORMER_PATHS, { paths: [] }, (current) => {
    const paths = new Set([...current.paths, ...(earlier ?? []), from]);
    paths.delete(to);
    return paths.size === current.paths.length ? undefined : { ...current, paths: [...paths] };
  });
  if (earlier !== undefined) await store.erase(keyOf(dataset, from));
}

/**
 * The former paths of files, as far as moves have recorded them.
 * @param paths where the files are now.
 * @throws {FoveaError} `record-invalid`, `format-newer`: who looks for all that holds a picture must not miss some.
 */
export async function recordedPaths(
  store: ObjectStore,
  dataset: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const records = await recordsOf(store, dataset, paths);
  const found = await mapConcurrently(records, (key) => readJson(store, key, FORMER_PATHS));
  return found.flatMap((record) => record?.value.paths ?? []);
}

/** Erases what moves have recorded of files. */
export async function forgetFormerPaths(
  store: ObjectStore,
  dataset: string,
  paths: readonly string[],
): Promise<void> {
  await mapConcurrently(await recordsOf(store, dataset, paths), (key) => store.erase(key));
}

/** Keys of the records that are there. Most files were never moved. */
async function recordsOf(
  store: ObjectStore,
  dataset: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const wanted = new Set(paths.map((path) => keyOf(dataset, path)));
  const found: string[] = [];
  for await (const { key } of store.list(keys.formerPaths(dataset))) if (wanted.has(key)) found.push(key);
  return found;
}
