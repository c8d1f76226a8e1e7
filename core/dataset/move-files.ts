// Moves files of a dataset to another class, which is how a label is corrected. The split of a picture does not change, since it goes by
// content.

import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import { assertKey } from '../storage/object-key.ts';
import { type ObjectStore, PreconditionFailedError, type StoredObject } from '../storage/object-store.ts';
import { firstOf } from '../words/quantities.ts';
import { claimMove } from './claim-move.ts';
import { detectLayout, placeFile, placeInClass } from './dataset-layout.ts';
import { recordMove } from './former-paths.ts';

/** What became of one file. */
export type MovedFile =
  | { readonly path: string; readonly movedTo: string }
  | { readonly path: string; readonly error: FoveaError };

/** Files that are in memory at a time. */
const CONCURRENCY = 4;
/** Places of files of one name that an error tells. */
const MOST_NAMED = 3;

/**
 * Moves files to a class: into its folder of the same split, with the same folders below. The name stays, or gets a number
 * (`1-2.jpg`) where another picture has it. Done again after an interruption, it goes on: a file is erased at its old place once it is at
 * its new one. Of several moves of a file at once, to different classes, one succeeds.
 *
 * @param paths Paths below the dataset's prefix.
 * @param expected The sha256 that files must have, by path; another file of the path stays.
 * @returns for each path where the file is now, or `dataset-file-not-found`, `dataset-file-changed`, `request-invalid`.
 */
export async function moveFiles(
  store: ObjectStore,
  dataset: string,
  paths: readonly string[],
  label: string,
  expected: ExpectedHashes = {},
): Promise<MovedFile[]> {
  const prefix = keys.dataset(dataset);
  for (const path of paths) assertKey(`${prefix}${path}`);
  const all = await pathsOf(store, dataset);
  const layout = detectLayout(all);
  const move = async (path: string): Promise<MovedFile> => {
    const target = placeInClass(path, layout, label);
    if (target === undefined) return { path, error: outside(path) };
    assertKey(`${prefix}${target}`);
    for (;;) {
      const object = await store.get(`${prefix}${path}`);
      if (object === undefined) return { path, error: gone(path, namesakes(path, all)) };
      if (!isExpected(expected, path, () => contentHashOf(object.body)))
        return { path, error: changed([path]) };
      if (target === path) return { path, movedTo: path };
      const claim = await claimMove(store, dataset, object, label);
      const isStill = async () => (await store.head(object.key))?.etag === object.etag;
      const to = placeInClass(path, layout, claim.label);
      if (to === undefined || !(await isStill())) {
        await claim.release();
        continue;
      }
      const movedTo = await copyTo(store, prefix, to, object);
      await recordMove(store, dataset, path, movedTo);
      if (await isStill()) await store.erase(object.key);
      await claim.release();
      return claim.label === label ? { path, movedTo } : { path, error: gone(path, [movedTo]) };
    }
  };
  return mapConcurrently(paths, move, CONCURRENCY);
}

/** The sha256 that files must have, by path; all other files may have any. */
export type ExpectedHashes = Readonly<Record<string, string>>;

/** Whether the file at a path may be what is there. @param hashOf is asked only where something is expected. */
export const isExpected = (expected: ExpectedHashes, path: string, hashOf: () => string | undefined) =>
  !Object.hasOwn(expected, path) || expected[path] === hashOf();

/** The error of files that were replaced since somebody looked at them. */
export const changed = (paths: readonly string[]): FoveaError =>
  new FoveaError(
    'dataset-file-changed',
    `${firstOf(
      paths.map((path) => `"${path}"`),
      MOST_NAMED,
    )} ${paths.length === 1 ? 'has' : 'have'} not the content that the request expects, so nothing was done with ${paths.length === 1 ? 'it' : 'them'}. ` +
      'List the files again, and look at what is there now.',
    { param: 'content_hashes', details: { paths } },
  );

/** Stores a file under the first name that is free, or that has the same content already; returns its path. */
async function copyTo(
  store: ObjectStore,
  prefix: string,
  path: string,
  { body, sizeBytes }: StoredObject,
): Promise<string> {
  for (let number = 1; ; number++) {
    const free = number === 1 ? path : path.replace(/(\.[^./]*)?$/, `-${number}$1`);
    const key = `${prefix}${free}`;
    const there = await store.head(key);
    if (there === undefined) {
      try {
        await store.put(key, body, { ifNoneMatch: '*' });
        return free;
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
        // Somebody has just taken the name, perhaps for the same picture: look again.
        number -= 1;
      }
    } else if (there.sizeBytes === sizeBytes) {
      const stored = await store.get(key);
      if (stored !== undefined && Buffer.compare(stored.body, body) === 0) return free;
    }
  }
}

/** The paths of all files of a dataset. @throws what the store throws. */
export async function pathsOf(store: ObjectStore, dataset: string): Promise<string[]> {
  const prefix = keys.dataset(dataset);
  const paths: string[] = [];
  for await (const { key } of store.list(prefix)) paths.push(key.slice(prefix.length));
  return paths;
}

/**
 * The paths of all files in a class, in every split.
 * @throws {FoveaError} `dataset-class-not-found` where there are none.
 */
export async function pathsOfClass(store: ObjectStore, dataset: string, label: string): Promise<string[]> {
  const all = await pathsOf(store, dataset);
  const layout = detectLayout(all);
  const paths = all.filter((path) => {
    const place = placeFile(path, layout);
    return place.kind === 'picture' && place.label === label;
  });
  if (paths.length > 0) return paths;
  throw new FoveaError(
    'dataset-class-not-found',
    `The dataset "${dataset}" has no class "${label}". Name one that \`GET /v1/datasets/${dataset}\` lists.`,
    { param: 'class' },
  );
}

/** The error of a path at which there is no file. */
export const notFound = (path: string, param = 'paths'): FoveaError =>
  new FoveaError('dataset-file-not-found', `There is no file "${path}" in the dataset.`, { param });

/** The files of the same name in other folders. */
function namesakes(path: string, all: readonly string[]): string[] {
  const name = path.slice(path.lastIndexOf('/'));
  return all.filter((other) => other !== path && other.endsWith(name)).slice(0, MOST_NAMED);
}

/** @param places where the file may be now. */
function gone(path: string, places: readonly string[]): FoveaError {
  if (places.length === 0) return notFound(path);
  const named = places.map((place) => `"${place}"`).join(' or ');
  return new FoveaError(
    'dataset-file-not-found',
    `There is no file "${path}" in the dataset. If it was moved before, it may be at ${named}.`,
    { param: 'paths', details: { paths: places } },
  );
}

const outside = (path: string): FoveaError =>
  new FoveaError('request-invalid', `"${path}" is in no class folder, so it cannot be moved to a class.`, {
    param: 'paths',
  });
