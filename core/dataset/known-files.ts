// Remembers what inspections found out about the files of a dataset, so that the next one reads only files that are new or have changed.
// It is a cache: what is damaged or missing is found out again. Knows nothing of classes and splits.

import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { isFoveaError } from '../errors/errors.ts';
import type { ImageLimits } from '../image/image-limits.ts';
import { DECODING_VERSION } from '../image/model-input.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { compareText } from './compare-text.ts';
import type { DecodeDepth, FileVerdict } from './inspect-file.ts';
import { pictureId } from './split-snapshots.ts';
import { type KnownFile, mayHaveContent, packVerdicts, unpackVerdicts } from './verdict-segment.ts';

/** Is raised whenever the same bytes may get another verdict: other checks, another decoder, other words. */
const INSPECTION_VERSION = 1;
/** Entries after which what is new is written, so that an inspection that is ended loses little. */
const WRITTEN_AT_ONCE = 2000;
/** Entries in one object at most: 20 MB. */
const MOST_IN_OBJECT = 50_000;
/** Objects above which they are packed together. */
const MOST_OBJECTS = 8;
/** Objects that are read at a time. */
const READ_CONCURRENCY = 4;

/** A file as the store lists it. */
export interface ListedContent {
  readonly key: string;
  readonly etag: string;
}

/** What the verdicts on files depend on besides their bytes, as a name in keys. */
export const variantOf = (limits: ImageLimits): string =>
  contentHashOf(Buffer.from(JSON.stringify([INSPECTION_VERSION, DECODING_VERSION, limits]))).slice(0, 16);

/** Opens what is known of a dataset's files. Errors of the store are no hindrance: then nothing is known. */
export async function openKnownFiles(
  store: ObjectStore,
  dataset: string,
  limits: ImageLimits,
  options: { readonly signal?: AbortSignal } = {},
) {
  const prefix = keys.dataset(dataset);
  const variant = variantOf(limits);
  const folder = keys.inspectionVerdicts(dataset, variant);
  const known = { header: new Map<string, KnownFile>(), full: new Map<string, KnownFile>() };
  /** Names of the objects that are there, also of damaged ones. */
  const names = new Set<string>();
  let isPacked = true;
  let fresh: KnownFile[] = [];
  let writing: Promise<void> = Promise.resolve();

  await orNothing(async () => {
    for await (const { key } of store.list(folder, options)) names.add(key.slice(folder.length));
    await mapConcurrently(
      names,
      async (name) => {
        const object = await store.get(`${folder}${name}`, options);
        const files = object && unpackVerdicts(object.body, name);
        if (files === undefined) isPacked = false;
        for (const file of files ?? []) known[file.depth].set(file.path, file);
      },
      READ_CONCURRENCY,
    );
  });
  options.signal?.throwIfAborted();

  async function write(files: readonly KnownFile[]): Promise<string> {
    const body = packVerdicts(files);
    const name = contentHashOf(body);
    await store.put(`${folder}${name}`, body);
    names.add(name);
    return name;
  }

  /** Writes what is new. It is also done for an inspection that was aborted. */
  async function flush(): Promise<void> {
    const files = fresh;
    fresh = [];
    if (files.length > 0) writing = writing.then(() => orNothing(() => write(files)));
    await writing;
  }

  return {
    /** What is known of a file with this content. A picture that was decoded as a whole answers for its header, too. */
    find({ key, etag }: ListedContent, depth: DecodeDepth): FileVerdict | undefined {
      const path = key.slice(prefix.length);
      const found = known[depth].get(path);
      if (found?.etag === etag) return found.verdict;
      const full = depth === 'header' ? known.full.get(path) : undefined;
      return full?.etag === etag && 'contentHash' in full.verdict
        ? { ...full.verdict, thumbnail: null, isFlat: false }
        : undefined;
    },

    /** Remembers a verdict. What is written at once is bounded. */
    async remember({ key, etag }: ListedContent, depth: DecodeDepth, verdict: FileVerdict): Promise<void> {
      const file = { path: key.slice(prefix.length), etag, depth, verdict };
      known[depth].set(file.path, file);
      fresh.push(file);
      if (fresh.length >= WRITTEN_AT_ONCE) await flush();
    },

    flush,

    /**
     * Where files had these pictures when they were inspected, by {@link pictureId}, for as long as that is known.
     * @param isThere whether there is a file of this path: of several files, one that is there is named.
     */
    pathsOf(ids: ReadonlySet<string>, isThere: (path: string) => boolean): ReadonlyMap<string, string> {
      const paths = new Map<string, string>();
      for (const { path, verdict } of [...known.header.values(), ...known.full.values()]) {
        const id = 'contentHash' in verdict ? pictureId(verdict.contentHash) : undefined;
        if (id !== undefined && ids.has(id) && (!paths.has(id) || isThere(path))) paths.set(id, path);
      }
      return paths;
    },

    /**
     * Packs many objects into few, and erases what is known of files that are gone or have changed, where there is something to do.
     * Others may write meanwhile: only objects that were read are erased, after their entries were written again.
     *
     * @param files All files of the dataset.
     */
    async tidy(files: readonly ListedContent[]): Promise<void> {
      const etags = new Map(files.map(({ key, etag }) => [key.slice(prefix.length), etag]));
      const all = [...known.full.values(), ...known.header.values()];
      const live = all.filter(({ path, etag }) => etags.get(path) === etag);
      if (isPacked && names.size <= MOST_OBJECTS && live.length === all.length) return;
      await orNothing(async () => {
        const old = new Set(names);
        live.sort((a, b) => compareText(a.path, b.path) || compareText(a.depth, b.depth));
        for (let start = 0; start < live.length; start += MOST_IN_OBJECT)
          old.delete(await write(live.slice(start, start + MOST_IN_OBJECT)));
        for (const name of old) await store.erase(`${folder}${name}`);
      });
    },
  };
}
/** What is known of a dataset's files. */
export type KnownFiles = Awaited<ReturnType<typeof openKnownFiles>>;

/**
 * All objects with what is known of a dataset's files, by any version; `files` is undefined where one cannot be read.
 * @param among leaves objects out that have none of these contents.
 */
async function* readAll(store: ObjectStore, dataset: string, among?: ReadonlySet<string>) {
  for await (const { key } of store.list(keys.datasetInspections(dataset))) {
    const [folder = '', name = ''] = [key.slice(0, key.lastIndexOf('/') + 1), key.split('/').at(-1)];
    if (!folder.endsWith('/verdicts/')) continue;
    const object = await store.get(key);
    if (object === undefined || (among !== undefined && !mayHaveContent(object.body, among))) continue;
    yield { key, folder, files: unpackVerdicts(object.body, name) };
  }
}

/**
 * The content hashes that are known of files, also of earlier contents: by path, then by etag.
 * @param among all that is known of these contents, hexadecimal sha256, and perhaps more. Default: of all.
 */
export async function knownHashes(
  store: ObjectStore,
  dataset: string,
  among?: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const hashes = new Map<string, Map<string, string>>();
  for await (const { files = [] } of readAll(store, dataset, among)) {
    for (const { path, etag, verdict } of files) {
      if (!('contentHash' in verdict)) continue;
      const ofPath = hashes.get(path) ?? new Map<string, string>();
      hashes.set(path, ofPath.set(etag, verdict.contentHash));
    }
  }
  return hashes;
}

/** Erases what is known of some files and contents. Objects that cannot be read are erased whole. */
export async function forgetFiles(
  store: ObjectStore,
  dataset: string,
  isForgotten: (file: KnownFile) => boolean,
): Promise<void> {
  for await (const { key, folder, files } of readAll(store, dataset)) {
    const kept = files?.filter((file) => !isForgotten(file)) ?? [];
    if (kept.length === files?.length) continue;
    const body = packVerdicts(kept);
    if (kept.length > 0) await store.put(`${folder}${contentHashOf(body)}`, body);
    await store.erase(key);
  }
}

/**
 * Does what only saves time. Where the store refuses it (no permission, no space, a fault), everything is found out again.
 */
export async function orNothing(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isFoveaError(error)) throw error;
  }
}
