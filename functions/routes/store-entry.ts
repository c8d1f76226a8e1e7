// Puts files of forms and archives into a dataset, each with an outcome of its own.

import type { z } from 'zod';
import type { StoredFilesSchema } from '../../api/dataset-files.ts';
import type { ArchiveEntry, ArchiveLimits } from '../../core/dataset/archive-entry.ts';
import { isHiddenName } from '../../core/dataset/hidden-name.ts';
import { putFile } from '../../core/dataset/put-file.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { IMAGE_ERROR_CODES } from '../../core/image/image-errors.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { Limits } from '../deps/limits.ts';
import { parseFilePath } from './dataset-name.ts';

/** Wrappers, a split, a class and folders in it. */
export const MOST_FOLDERS = 8;

/** Errors that concern one file; with any other, the rest would fail, too. */
const OF_ONE_FILE: ReadonlySet<ErrorCode> = new Set([
  ...IMAGE_ERROR_CODES,
  'dataset-name-invalid',
  'request-invalid',
  'key-invalid',
  'key-too-long',
  'key-conflict',
  'archive-entry-refused',
  'base64-invalid',
  'image-url-refused',
  'image-url-unreachable',
]);

/** What became of a file, on the wire. */
export type Outcome = z.infer<typeof StoredFilesSchema>['data'][number];

/** A file, and its folders and name below the dataset. */
export interface PlacedEntry extends ArchiveEntry {
  readonly names: readonly string[];
}

/** The bounds of archives. */
export const archiveLimits = ({ archiveEntries, archiveUnpackedBytes }: Limits): ArchiveLimits => ({
  entries: archiveEntries,
  fileBytes: DEFAULT_IMAGE_LIMITS.maxBytes,
  unpackedBytes: archiveUnpackedBytes,
});

/** Files of an archive: `./` and leading folders are cut off their paths. */
export async function* placed(
  entries: AsyncIterable<ArchiveEntry>,
  strip: number,
): AsyncGenerator<PlacedEntry> {
  for await (const entry of entries) {
    const names = entry.path.split('/').filter((name) => name !== '.');
    yield { ...entry, names: names.slice(strip) };
  }
}

/**
 * Stores a file, or says why it is not stored.
 * @returns undefined for a hidden file.
 * @throws what concerns more than this file.
 */
export async function storeEntry(
  store: ObjectStore,
  dataset: string,
  { path, names, sizeBytes, content }: PlacedEntry,
): Promise<Outcome | undefined> {
  const outcome = { path, size_bytes: sizeBytes };
  try {
    if (!names.includes('..') && names.some(isHiddenName)) return undefined;
    const checked = parseFilePath(names.join('/'), 'path', MOST_FOLDERS);
    if (content instanceof FoveaError) throw content;
    return { ...outcome, key: await putFile(store, dataset, checked, content), error: null };
  } catch (error) {
    if (!isFoveaError(error) || !OF_ONE_FILE.has(error.code)) throw error;
    return { ...outcome, key: null, error: { code: error.code, message: error.message } };
  }
}
