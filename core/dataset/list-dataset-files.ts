// Lists the files of a dataset with what an inspection says of them.

import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { detectLayout, placeFile } from './dataset-layout.ts';
import type { FindingCode } from './findings.ts';
import type { DatasetInspection, DatasetItem } from './inspect-dataset.ts';
import { openKnownFiles } from './known-files.ts';
import type { Split } from './split-folder.ts';

/** What is known of an object below the prefix of a dataset, be it a picture or not. */
export interface DatasetFile {
  /** Path below the dataset's prefix. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Its class by its folder; null where it is in none. */
  readonly label: string | null;
  /** The picture; undefined for a file that is left out, and where nothing was inspected. */
  readonly item: DatasetItem | undefined;
  /** sha256 of its bytes; null where that is not known. */
  readonly contentHash: string | null;
  /** Codes of findings that concern it; of each code, the first 1000 files. */
  readonly findings: readonly FindingCode[];
}

/** Which files are listed; all that are given must hold. */
export interface FileFilter {
  readonly label?: string | undefined;
  readonly split?: Split | undefined;
  /** The code of a finding that concerns the file, or the class that it is in. */
  readonly finding?: string | undefined;
  /** sha256 of its bytes. */
  readonly contentHash?: string | undefined;
}

/** The files of an inspected dataset that a filter lets pass, in the order of their keys. */
export async function listDatasetFiles(
  store: ObjectStore,
  { dataset, items, findings }: DatasetInspection,
  { label, split, finding, contentHash }: FileFilter,
): Promise<DatasetFile[]> {
  const prefix = keys.dataset(dataset);
  const listed: { readonly path: string; readonly sizeBytes: number }[] = [];
  for await (const { key, sizeBytes } of store.list(prefix))
    listed.push({ path: key.slice(prefix.length), sizeBytes });
  const layout = detectLayout(listed.map(({ path }) => path));
  const itemOf = new Map(items.map((item) => [item.key, item]));
  const codesOf = new Map<string, Set<FindingCode>>();
  for (const { code, key, related = [] } of findings) {
    for (const concerned of key === null ? related : [key, ...related])
      codesOf.set(concerned, (codesOf.get(concerned) ?? new Set()).add(code));
  }
  const files = listed.map(({ path, sizeBytes }): DatasetFile => {
    const key = `${prefix}${path}`;
    const place = placeFile(path, layout);
    return {
      path,
      sizeBytes,
      label: place.kind === 'picture' ? place.label : null,
      item: itemOf.get(key),
      contentHash: itemOf.get(key)?.contentHash ?? null,
      findings: [...(codesOf.get(key) ?? [])],
    };
  });
  return files.filter(
    (file) =>
      (label === undefined || file.label === label) &&
      (split === undefined || file.item?.split === split) &&
      (contentHash === undefined || file.contentHash === contentHash) &&
      (finding === undefined || concerns(`${prefix}${file.path}`, finding)),
  );

  /** Findings of classes have the key of a folder, with its slash. */
  function concerns(key: string, code: string): boolean {
    const places = [key, ...[...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1))];
    return places.some((place) => [...(codesOf.get(place) ?? [])].some((found) => found === code));
  }
}

/**
 * The files of a dataset by a listing of the store alone, in the order of their keys, with what earlier inspections know of their bytes. No
 * file is read, so that it is quick for what was never inspected.
 */
export async function listStoredFiles(
  store: ObjectStore,
  dataset: string,
  { label, contentHash }: Pick<FileFilter, 'label' | 'contentHash'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DatasetFile[]> {
  const prefix = keys.dataset(dataset);
  const listed: { readonly path: string; readonly sizeBytes: number; readonly etag: string }[] = [];
  for await (const { key, sizeBytes, etag } of store.list(prefix, options))
    listed.push({ path: key.slice(prefix.length), sizeBytes, etag });
  const known = await openKnownFiles(store, dataset, DEFAULT_IMAGE_LIMITS, options);
  const layout = detectLayout(listed.map(({ path }) => path));
  const files = listed.map(({ path, sizeBytes, etag }): DatasetFile => {
    const place = placeFile(path, layout);
    const verdict = known.find({ key: `${prefix}${path}`, etag }, 'header');
    return {
      path,
      sizeBytes,
      label: place.kind === 'picture' ? place.label : null,
      item: undefined,
      contentHash: verdict !== undefined && 'contentHash' in verdict ? verdict.contentHash : null,
      findings: [],
    };
  });
  return files.filter(
    (file) =>
      (label === undefined || file.label === label) &&
      (contentHash === undefined || file.contentHash === contentHash),
  );
}
