// Makes a backup of a data folder or a bucket in another one. A note in the backup says whether it is finished: an unfinished one is
// resumed, and never restored.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { assertApart } from './assert-apart.ts';
import { type ListedObject, writeList } from './backup-list.ts';
import { type CopyDeps, copyObjects } from './copy-objects.ts';
import { type CopiedObject, takeInventory } from './take-inventory.ts';

/** The stored format of the note that a backup holds of itself. */
export const BACKUP = {
  ...FORMATS.backup,
  schema: z.object({
    /** URL of the store that is backed up. */
    from: z.string(),
    /** Unix seconds. */
    startedAt: z.number().int(),
    /** Null until all objects are copied. */
    finishedAt: z.number().int().nullable(),
    /** Number of objects; null until the backup is finished. */
    objects: z.number().int().nullable(),
    /** Hashes that name the pieces of the list. Absent until the backup is finished, and in backups of versions that wrote no list. */
    lists: z.array(z.string()).optional(),
  }),
};

/** The two stores, the callbacks and the clock. */
export interface BackUpDeps extends CopyDeps {
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Copies a store, which may be in use, into an empty place, or resumes such a copy after an interruption.
 * @returns the number of objects in the backup.
 * @throws {FoveaError} `backup-empty` where there is nothing to copy; `copy-target-taken` where something else is in the target.
 */
export async function backUp({ now, ...copying }: BackUpDeps): Promise<number> {
  const { from, to } = copying;
  const nowSeconds = () => Math.floor(now() / 1000);
  await assertApart(from, to);
  const inventory = await takeInventory(from);
  if (inventory.length === 0) {
    throw new FoveaError(
      'backup-empty',
      `There is nothing to back up in ${from.url}. Name a data folder or a bucket that is in use, with --data.`,
      { details: { url: from.url } },
    );
  }
  const note = (await readJson(to, keys.backup(), BACKUP))?.value;
  if (note === undefined) {
    await assertEmpty(to);
    const begun = { from: from.url, startedAt: nowSeconds(), finishedAt: null, objects: null };
    await createJson(to, keys.backup(), BACKUP, begun);
  } else if (note.finishedAt !== null || note.from !== from.url) {
    const what = note.finishedAt === null ? 'an unfinished backup' : 'a backup';
    const dated = new Date(note.startedAt * 1000).toISOString();
    throw taken(to, `it holds ${what} of ${note.from}, begun at ${dated}`);
  }
  const copied = await copyObjects(copying, inventory, (object) => copyObject(from, to, object));
  // An earlier run of this backup may have copied what was deleted from the source since.
  if (note !== undefined) await deleteOthers(to, copied);
  const lists = await writeList(to, copied);
  await updateJson(to, keys.backup(), BACKUP, (begun) => {
    if (begun.finishedAt !== null) throw taken(to, 'another backup to the same place has finished meanwhile');
    return { ...begun, finishedAt: nowSeconds(), objects: copied.length, lists };
  });
  return copied.length;
}

/** @returns the object as it is in the copy; undefined where it was deleted meanwhile. */
async function copyObject(
  from: ObjectStore,
  to: ObjectStore,
  { key, body, sizeBytes, lastModified }: CopiedObject,
): Promise<ListedObject | undefined> {
  const listed = (content: Uint8Array) => ({
    key,
    sizeBytes: content.length,
    sha256: contentHashOf(content),
  });
  if (body === undefined) {
    const there = await to.head(key);
    const isCopied = there?.sizeBytes === sizeBytes && there.lastModified >= lastModified;
    const copied = isCopied ? await to.get(key) : undefined;
    if (copied !== undefined) return listed(copied.body);
  }
  const content = body ?? (await from.get(key))?.body;
  if (content === undefined) return undefined;
  await to.put(key, content);
  return listed(content);
}

async function deleteOthers(to: ObjectStore, copied: readonly ListedObject[]): Promise<void> {
  const kept = new Set([keys.backup(), ...copied.map(({ key }) => key)]);
  const others: string[] = [];
  for await (const { key } of to.list('')) if (!kept.has(key)) others.push(key);
  if ((await readJson(to, keys.backup(), BACKUP))?.value.finishedAt !== null) return;
  await mapConcurrently(others, (key) => to.delete(key));
}

/**
 * Refuses a store that holds anything.
 * @throws {FoveaError} `copy-target-taken`.
 */
export async function assertEmpty(store: ObjectStore): Promise<void> {
  for await (const { key } of store.list('')) throw taken(store, `"${key}" is there`);
}

/**
 * The error `copy-target-taken` for a target that is not empty.
 * @param problem says what is there.
 */
export const taken = ({ url }: ObjectStore, problem: string) =>
  new FoveaError(
    'copy-target-taken',
    `Nothing was copied to ${url}: ${problem}, and nothing is overwritten. Name an empty place.`,
    { details: { url } },
  );
