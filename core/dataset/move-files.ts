// Moves files of a dataset to another class, which is how a label is corrected. The split of a picture does not change, since it goes by
// content.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import { assertKey } from '../storage/object-key.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { type DatasetLayout, detectLayout, placeFile } from './dataset-layout.ts';

/** What became of one file. */
export type MovedFile =
  | { readonly path: string; readonly movedTo: string }
  | { readonly path: string; readonly error: FoveaError };

/** Files that are in memory at a time. */
const CONCURRENCY = 4;

/**
 * Moves files to a class: into its folder of the same split, with the same folders below and the same name. Done again after an
 * interruption, it goes on: a file is erased at its old place once it is at its new one.
 *
 * @param paths Paths below the dataset's prefix.
 * @returns for each path where the file is now, or `dataset-file-not-found`, `dataset-file-exists`, `request-invalid`.
 */
export async function moveFiles(
  store: ObjectStore,
  dataset: string,
  paths: readonly string[],
  label: string,
): Promise<MovedFile[]> {
  const prefix = keys.dataset(dataset);
  for (const path of paths) assertKey(`${prefix}${path}`);
  const all: string[] = [];
  for await (const { key } of store.list(prefix)) all.push(key.slice(prefix.length));
  const layout = detectLayout(all);
  return mapConcurrently(
    paths,
    async (path) => {
      const movedTo = placeIn(path, layout, label);
      if (movedTo === undefined) return { path, error: outside(path) };
      if (movedTo === path) return { path, movedTo };
      assertKey(`${prefix}${movedTo}`);
      const error = await moveFile(store, prefix, path, movedTo);
      return error === undefined ? { path, movedTo } : { path, error };
    },
    CONCURRENCY,
  );
}

/** The path in another class; undefined for a file that is in none. */
function placeIn(path: string, layout: DatasetLayout, label: string): string | undefined {
  const place = placeFile(path, layout);
  if (place.kind !== 'picture') return undefined;
  return [...layout.wrappers, ...place.folders.slice(0, -1), label, ...place.rest].join('/');
}

async function moveFile(
  store: ObjectStore,
  prefix: string,
  from: string,
  to: string,
): Promise<FoveaError | undefined> {
  const [source, target] = [`${prefix}${from}`, `${prefix}${to}`];
  const object = await store.get(source);
  if (object === undefined) return (await store.head(target)) === undefined ? notFound(from) : undefined;
  try {
    await store.put(target, object.body, { ifNoneMatch: '*' });
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    const there = await store.get(target);
    if (there === undefined || Buffer.compare(there.body, object.body) !== 0) return exists(from, to);
  }
  await store.erase(source);
  return undefined;
}

/** The paths of all files in a class, in every split. */
export async function pathsOfClass(store: ObjectStore, dataset: string, label: string): Promise<string[]> {
  const prefix = keys.dataset(dataset);
  const all: string[] = [];
  for await (const { key } of store.list(prefix)) all.push(key.slice(prefix.length));
  const layout = detectLayout(all);
  return all.filter((path) => {
    const place = placeFile(path, layout);
    return place.kind === 'picture' && place.label === label;
  });
}

/** The error of a path at which there is no file. */
export const notFound = (path: string, param = 'paths'): FoveaError =>
  new FoveaError('dataset-file-not-found', `There is no file "${path}" in the dataset.`, { param });

const exists = (from: string, to: string): FoveaError =>
  new FoveaError('dataset-file-exists', `"${from}" stays where it is: at "${to}" is another picture.`, {
    param: 'paths',
  });

const outside = (path: string): FoveaError =>
  new FoveaError('request-invalid', `"${path}" is in no class folder, so it cannot be moved to a class.`, {
    param: 'paths',
  });
