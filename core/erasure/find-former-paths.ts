// Finds the paths by which something may still name pictures that were moved: by the records of moves, by what inspections know, and by the
// classes that jobs saw them in.

import { mapConcurrently } from '../concurrently.ts';
import { detectLayout, placeInClass } from '../dataset/dataset-layout.ts';
import { placesOf, readSnapshot } from '../dataset/dataset-snapshots.ts';
import { recordedPaths } from '../dataset/former-paths.ts';
import { pathsOf } from '../dataset/move-files.ts';
import { pictureId } from '../dataset/split-snapshots.ts';
import { isUnreadable } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** A picture of a dataset. */
export interface PlacedPicture {
  readonly path: string;
  /** sha256 of what the file holds and held, hexadecimal, as far as it is known. */
  readonly contentHashes: readonly string[];
}

/** The number that a move gives a name that another picture has. */
const NUMBER = /-\d+(?=(\.[^./]*)?$)/;

/**
 * Finds former paths of pictures. Some may be of other pictures: it is known of moves that earlier versions made only by which class a picture
 * was in.
 *
 * @param known content hashes by path, then by etag, see {@link knownHashes}.
 * @returns for each former path, below the dataset's prefix, the etag of the file that is there now; undefined where there is none.
 * @throws {FoveaError} `record-invalid`, `format-newer`.
 */
export async function findFormerPaths(
  store: ObjectStore,
  dataset: string,
  pictures: readonly PlacedPicture[],
  known: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Promise<ReadonlyMap<string, string | undefined>> {
  const today = new Set(pictures.map(({ path }) => path));
  const hashes = new Set(pictures.flatMap(({ contentHashes }) => contentHashes));
  const moved = [
    ...(await recordedPaths(store, dataset, [...today])),
    ...(await byClassesSeen(store, dataset, pictures)),
  ];
  const alike = [...known].flatMap(([path, ofPath]) =>
    [...ofPath.values()].some((hash) => hashes.has(hash)) ? [path] : [],
  );
  const etags = new Map<string, string | undefined>();
  await mapConcurrently(
    [...new Set([...moved, ...alike])].filter((path) => !today.has(path)),
    async (path) => {
      etags.set(path, (await store.head(`${keys.dataset(dataset)}${path}`))?.etag);
    },
  );
  // A file that has the same content still is a copy, not a former place.
  for (const path of alike)
    if (hashes.has(known.get(path)?.get(etags.get(path) ?? '') ?? '')) etags.delete(path);
  return etags;
}

/** The paths that pictures had in the classes in which jobs saw them, if their names and folders were the same. */
async function byClassesSeen(
  store: ObjectStore,
  dataset: string,
  pictures: readonly PlacedPicture[],
): Promise<readonly string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, contentHashes } of pictures)
    for (const id of contentHashes.map(pictureId)) paths.set(id, [...(paths.get(id) ?? []), path]);
  const labels = new Map<string, Set<string>>();
  const prefix = keys.datasetSnapshots(dataset);
  for await (const { key } of store.list(prefix)) {
    const contentHash = key.slice(prefix.length).replace(/\.json$/, '');
    const snapshot = await readSnapshot(store, dataset, contentHash).catch((error: unknown) => {
      if (isUnreadable(error)) return undefined;
      throw error;
    });
    const places = snapshot && placesOf(snapshot);
    for (const id of paths.keys()) {
      const label = places?.get(id)?.label;
      if (label !== undefined) labels.set(id, (labels.get(id) ?? new Set()).add(label));
    }
  }
  if (labels.size === 0) return [];
  const layout = detectLayout(await pathsOf(store, dataset));
  return [...labels].flatMap(([id, ofPicture]) =>
    (paths.get(id) ?? []).flatMap((path) =>
      [...ofPicture].flatMap((label) => {
        const former = placeInClass(path, layout, label);
        return former === undefined || former === path ? [] : [former, former.replace(NUMBER, '')];
      }),
    ),
  );
}
