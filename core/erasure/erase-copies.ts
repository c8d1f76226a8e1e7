// Erases what was made of pictures, or is a copy of them, besides the datasets: cached features, and uploads that wait for predictions.

import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { pictureId } from '../dataset/split-snapshots.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { hasMember } from './feature-members.ts';

/** Objects that are read at a time. */
const CONCURRENCY = 4;
/** The id of the file that an upload in parts became, in its record. */
const FILE_ID = /(?<="fileId":\s*")file-[0-9a-z]+(?=")/;

/** A picture by its content. */
export interface PictureContent {
  /** sha256 of the bytes, hexadecimal. */
  readonly contentHash: string;
  /** `undefined` where the file is gone. */
  readonly sizeBytes?: number | undefined;
}

/**
 * Erases cached features of pictures; they are computed again for pictures that have the same features object. Features that do not say of
 * which pictures they are, as earlier versions wrote them, are erased, too.
 */
export async function eraseFeatures(store: ObjectStore, pictures: readonly PictureContent[]): Promise<void> {
  const ids = new Set(pictures.map(({ contentHash }) => pictureId(contentHash)));
  if (ids.size === 0) return;
  const [features, members] = [new Set<string>(), new Set<string>()];
  for await (const { key } of store.list(keys.features()))
    (keys.featureOfMembers(key) === undefined ? features : members).add(key);
  const described = new Set([...members].map((key) => keys.featureOfMembers(key)));
  await mapConcurrently(
    [...features].filter((key) => !described.has(key)),
    (key) => store.erase(key),
  );
  await mapConcurrently(members, async (key) => {
    const object = await store.get(key);
    if (object === undefined || !hasMember(object.body, ids)) return;
    // The note goes last, so that an erasure that is interrupted is found again.
    await store.erase(keys.featureOfMembers(key) as string);
    await store.erase(key);
  });
}

/**
 * Erases uploads with the same bytes, which would expire within a day, and files that clients have sent with them, with the uploads in parts
 * that these came by: their records have names of files.
 */
export async function eraseUploads(store: ObjectStore, pictures: readonly PictureContent[]): Promise<void> {
  const sizes = new Set(pictures.map(({ sizeBytes }) => sizeBytes));
  const hashes = new Set(pictures.map(({ contentHash }) => contentHash));
  const candidates: string[] = [];
  for (const prefix of [keys.uploads(), keys.files()])
    for await (const { key, sizeBytes } of store.list(prefix)) if (sizes.has(sizeBytes)) candidates.push(key);
  const files = new Set<string>();
  await mapConcurrently(
    candidates,
    async (key) => {
      const object = await store.get(key);
      if (object === undefined || !hashes.has(contentHashOf(object.body))) return;
      const folder = keys.folderOfFile(key);
      if (folder === undefined) return store.erase(key);
      files.add(folder);
    },
    CONCURRENCY,
  );
  await erasePartUploads(store, files);
  for (const folder of files) await store.eraseAll(folder);
}

/** Erases the records of uploads in parts that have become files. @param folders of these files. */
async function erasePartUploads(store: ObjectStore, folders: ReadonlySet<string>): Promise<void> {
  if (folders.size === 0) return;
  const records: string[] = [];
  for await (const { key } of store.list(keys.unfinishedFiles()))
    if (keys.isPartUploadRecord(key)) records.push(key);
  await mapConcurrently(
    records,
    async (key) => {
      const record = new TextDecoder().decode((await store.get(key))?.body);
      const fileId = FILE_ID.exec(record)?.[0];
      if (fileId !== undefined && folders.has(keys.fileFolder(fileId))) await store.erase(key);
    },
    CONCURRENCY,
  );
}
