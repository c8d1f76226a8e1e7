// Erases pictures of a dataset for good: files with all versions, what inspections know of them, cached features, their rows in picture
// indexes, uploads with the same bytes, and contact sheets. What it cannot erase, it names.

import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { allNamesOf } from '../dataset/dataset-names.ts';
import { forgetFormerPaths } from '../dataset/former-paths.ts';
import { forgetKeptFindings } from '../dataset/kept-findings.ts';
import { forgetFiles, knownHashes } from '../dataset/known-files.ts';
import { changed, type ExpectedHashes, isExpected } from '../dataset/move-files.ts';
import type { KnownFile } from '../dataset/verdict-segment.ts';
import type { IndexedPicture } from '../model/picture-index.ts';
import { keys } from '../storage/keys.ts';
import { assertKey } from '../storage/object-key.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { assertUnused } from './assert-unused.ts';
import { eraseFeatures, eraseUploads, type PictureContent } from './erase-copies.ts';
import { eraseFromIndexes } from './erase-from-indexes.ts';
import { findFormerPaths } from './find-former-paths.ts';
import { findHolders, type Holder, type HolderDeps, jobsOf } from './find-holders.ts';

/** What was erased, and what was not. */
export interface Erased {
  /** Paths of the files that were there. */
  readonly paths: readonly string[];
  readonly holders: readonly Holder[];
}

/** Files that are read at a time to hash them. */
const READ_CONCURRENCY = 4;

/**
 * Erases files of a dataset. Done again after an interruption, it goes on: the files are erased after what was made of them.
 *
 * @param paths Paths below the dataset's prefix. It is no error where there is no file: earlier versions of it are erased.
 * @param expected The sha256 that files must have, by path. Where one has another, nothing is erased.
 * @throws {FoveaError} `dataset-in-use`; `key-invalid`; `dataset-file-changed`; and what the store throws.
 */
export async function erasePictures(
  deps: HolderDeps,
  dataset: string,
  paths: readonly string[],
  expected: ExpectedHashes = {},
): Promise<Erased> {
  const { store, jobs } = deps;
  const keyOf = (path: string) => `${keys.dataset(dataset)}${path}`;
  for (const path of paths) assertKey(keyOf(path));
  await assertUnused(jobs, dataset);
  const known = await knownHashes(store, dataset);
  const there = new Set<string>();
  const pictures = await mapConcurrently(
    paths,
    async (path) => {
      const info = await store.head(keyOf(path));
      if (info !== undefined) there.add(path);
      const ofPath = known.get(path) ?? new Map<string, string>();
      const isUnknown = info !== undefined && !ofPath.has(info.etag);
      const object = isUnknown ? await store.get(keyOf(path)) : undefined;
      const read = object === undefined ? [] : [contentHashOf(object.body)];
      const present = info === undefined ? undefined : (ofPath.get(info.etag) ?? read[0]);
      const isReplaced = present !== undefined && !isExpected(expected, path, () => present);
      const contentHashes = [...read, ...ofPath.values()];
      return { path, contentHashes, sizeBytes: info?.sizeBytes, etag: info?.etag, isReplaced };
    },
    READ_CONCURRENCY,
  );
  const replaced = pictures.filter(({ isReplaced }) => isReplaced);
  if (replaced.length > 0) throw changed(replaced.map(({ path }) => path));
  const contents = pictures.flatMap(({ contentHashes, sizeBytes }): PictureContent[] =>
    contentHashes.map((contentHash) => ({ contentHash, sizeBytes })),
  );
  const [erasedPaths, hashes] = [new Set(paths), hashesOf(contents)];
  const former = await findFormerPaths(store, dataset, pictures, known);
  const holders = await findHolders(deps, dataset, { paths, former: [...former.keys()] }, hashes);
  await eraseMadeOf(
    deps,
    dataset,
    contents,
    ({ path, contentHash }) => erasedPaths.has(path) || hashes.has(contentHash),
  );
  const late = await mapConcurrently(pictures, async ({ path, etag }) => {
    const isReplaced =
      Object.hasOwn(expected, path) && etag !== undefined && (await store.head(keyOf(path)))?.etag !== etag;
    if (!isReplaced) await store.erase(keyOf(path));
    return isReplaced ? [path] : [];
  });
  if (late.flat().length > 0) throw changed(late.flat());
  // What is known of another file that is now at a former path stays.
  const isForgotten = ({ path, etag }: KnownFile) =>
    erasedPaths.has(path) || (former.has(path) && former.get(path) !== etag);
  await forgetFiles(store, dataset, isForgotten);
  const free = [...former].flatMap(([path, etag]) => (etag === undefined ? [path] : []));
  await forgetKeptFindings(store, dataset, hashes, [...paths, ...free]);
  await forgetFormerPaths(store, dataset, paths);
  return { paths: paths.filter((path) => there.has(path)), holders };
}

/**
 * Erases a whole dataset: its files, splits and inspections, and what was made of its pictures.
 * @throws {FoveaError} `dataset-in-use`, and what the store throws.
 */
export async function eraseDataset(deps: HolderDeps, dataset: string): Promise<readonly Holder[]> {
  const { store, jobs } = deps;
  await assertUnused(jobs, dataset);
  const contents = await contentsOf(store, dataset);
  const holders = await findHolders(deps, dataset, null, hashesOf(contents));
  await eraseMadeOf(deps, dataset, contents, () => true);
  for (const prefix of [keys.dataset(dataset), keys.datasetSplits(dataset), keys.datasetInspections(dataset)])
    await store.eraseAll(prefix);
  return holders;
}

/** What would hold something of a dataset after {@link eraseDataset}. Erases nothing. @throws what the store throws. */
export async function holdersOfDataset(deps: HolderDeps, dataset: string): Promise<readonly Holder[]> {
  return findHolders(deps, dataset, null, hashesOf(await contentsOf(deps.store, dataset)));
}

/** All contents that a dataset has or had, as far as inspections know them. */
async function contentsOf(store: ObjectStore, dataset: string): Promise<readonly PictureContent[]> {
  const known = await knownHashes(store, dataset);
  const contents: PictureContent[] = [];
  const prefix = keys.dataset(dataset);
  for await (const { key, sizeBytes } of store.list(prefix))
    for (const contentHash of known.get(key.slice(prefix.length))?.values() ?? [])
      contents.push({ contentHash, sizeBytes });
  for (const hashes of known.values())
    for (const contentHash of hashes.values()) contents.push({ contentHash });
  return contents;
}

const hashesOf = (contents: readonly PictureContent[]): ReadonlySet<string> =>
  new Set(contents.map(({ contentHash }) => contentHash));

async function eraseMadeOf(
  deps: HolderDeps,
  dataset: string,
  contents: readonly PictureContent[],
  isErased: (picture: IndexedPicture) => boolean,
): Promise<void> {
  const { store } = deps;
  await eraseFromIndexes(store, await allNamesOf(store, dataset), isErased);
  await eraseFeatures(store, contents);
  await eraseUploads(store, contents);
  for await (const { id } of jobsOf(deps, dataset)) await store.erase(keys.jobContactSheet(id));
}
