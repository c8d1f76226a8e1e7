// Files that clients send: a record and the content in parts. The record is written last, so that a file is there as a whole or not at
// all. Knows neither HTTP nor what files hold.

import { mapConcurrently } from '../concurrently.ts';
import { createJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { listParts, type ObjectPart, sizeOfParts } from '../storage/object-parts.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { takePage } from '../storage/take-page.ts';
import { fileIdMs, orderOfFile } from './file-id.ts';
import { FILE_RECORD, type FileRecord } from './file-record.ts';

/** Records that are read at a time for a list. */
const READ_AHEAD = 64;
/** A file without a record for so long was being made when the process ended. */
const UNFINISHED_MS = 24 * 60 * 60 * 1000;

/** Which files a list gives. */
export interface FileQuery {
  /** The id of the last file of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** `desc`: the newest first. */
  readonly order: 'asc' | 'desc';
  readonly matches: (file: FileRecord) => boolean;
}

/** The files of a store. */
export interface FileStore {
  /** The file; undefined where there is none, or it has expired. */
  get(id: string): Promise<FileRecord | undefined>;
  list(query: FileQuery): Promise<{ readonly files: readonly FileRecord[]; readonly hasMore: boolean }>;
  /** The objects of a file's content, in their order. */
  parts(id: string): Promise<ObjectPart[]>;
  /**
   * Writes the content of a file that has no record yet, each piece as an object.
   * @returns bytes of the content.
   */
  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** Writes the record of a file whose content is written. @throws {PreconditionFailedError} where it has one. */
  commit(file: FileRecord): Promise<void>;
  /** Erases a file with all its versions. It is no error where there is none. */
  erase(id: string): Promise<void>;
  /** Erases the files that have expired, and what is left of those that were never finished. */
  eraseExpired(): Promise<void>;
}

/** The store and the clock. */
export interface FileStoreDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Opens the files of a store. */
export function createFileStore({ store, now }: FileStoreDeps): FileStore {
  const isOver = ({ expiresAt }: FileRecord) => expiresAt !== null && expiresAt * 1000 <= now();
  const read = async (id: string) => (await readJson(store, keys.file(id), FILE_RECORD))?.value;
  // A damaged record is left out of lists; asked for by its id, it says so.
  const readOrSkip = (id: string) =>
    read(id).catch((error: unknown) => {
      if (isUnreadable(error)) return undefined;
      throw error;
    });
  // The record goes first: what is left without it is nobody's, and goes when this is done again.
  const erase = async (id: string) => {
    await store.erase(keys.file(id));
    await store.eraseAll(keys.fileFolder(id));
  };
  async function allIds(): Promise<string[]> {
    const ids: string[] = [];
    for (const folder of [keys.keptFiles(), keys.expiringFiles()])
      for await (const id of store.listFolders(folder)) ids.push(id);
    return ids;
  }

  /** Whether a file has expired or was never finished. A damaged one stays. */
  async function isLeftOver(id: string): Promise<boolean> {
    try {
      const file = await read(id);
      return file === undefined ? fileIdMs(id) + UNFINISHED_MS <= now() : isOver(file);
    } catch (error) {
      if (isUnreadable(error)) return false;
      throw error;
    }
  }

  async function* found(ids: readonly string[], matches: FileQuery['matches']): AsyncGenerator<FileRecord> {
    for (let at = 0; at < ids.length; at += READ_AHEAD)
      for (const file of await mapConcurrently(ids.slice(at, at + READ_AHEAD), readOrSkip))
        if (file !== undefined && !isOver(file) && matches(file)) yield file;
  }

  return {
    async get(id) {
      const file = await read(id);
      return file === undefined || isOver(file) ? undefined : file;
    },
    async list({ after, limit, order, matches }) {
      const ids = await allIds();
      const sign = order === 'desc' ? 1 : -1;
      const compare = (a: string, b: string) => sign * (orderOfFile(a) < orderOfFile(b) ? -1 : 1);
      // The one that the page before ended with may be gone by now.
      const later = after === undefined ? ids : ids.filter((id) => id !== after && compare(id, after) > 0);
      const { items, hasMore } = await takePage(found(later.toSorted(compare), matches), limit);
      return { files: items, hasMore };
    },
    parts: (id) => listParts(store, keys.fileContent(id)),
    async write(id, content) {
      const parts: ObjectPart[] = [];
      for await (const piece of content)
        if (piece.byteLength > 0) parts.push(await store.put(keys.filePart(id, parts.length), piece));
      return sizeOfParts(parts);
    },
    commit: async (file) => void (await createJson(store, keys.file(file.id), FILE_RECORD, file)),
    erase,
    async eraseExpired() {
      for (const id of await allIds()) if (await isLeftOver(id)) await erase(id);
    },
  };
}
