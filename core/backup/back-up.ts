// A backup of a data folder or a bucket, in another. It begins and ends with a note of itself, so that one that broke off is
// known, goes on where it stopped, and is never restored.

import { z } from 'zod';
import { FoveaError } from '../errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson, updateJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { assertApart, type CopyDeps, copyObjects } from './copy-objects.ts';
import { takeInventory } from './take-inventory.ts';

export const BACKUP = {
  ...FORMATS.backup,
  schema: z.object({
    /** URL of the store that it is of. */
    from: z.string(),
    /** Unix seconds. */
    startedAt: z.number().int(),
    /** Null until everything is there. */
    finishedAt: z.number().int().nullable(),
    /** How many it has; null until it is finished. */
    objects: z.number().int().nullable(),
  }),
};

export interface BackUpDeps extends CopyDeps {
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Copies a store, which may be in use, into an empty place, or goes on with such a copy that broke off.
 * @returns how many objects the backup has.
 * @throws {FoveaError} `backup-empty` where there is nothing to copy; `copy-target-taken` where something else is there.
 */
export async function backUp({ now, ...copying }: BackUpDeps): Promise<number> {
  const { from, to } = copying;
  const nowSeconds = () => Math.floor(now() / 1000);
  assertApart(from, to);
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
  const objects = await copyObjects(copying, inventory);
  await updateJson(to, keys.backup(), BACKUP, (begun) => ({ ...begun, finishedAt: nowSeconds(), objects }));
  return objects;
}

/** @throws {FoveaError} `copy-target-taken`. */
export async function assertEmpty(store: ObjectStore): Promise<void> {
  for await (const { key } of store.list('')) throw taken(store, `"${key}" is there`);
}

export const taken = ({ url }: ObjectStore, problem: string) =>
  new FoveaError(
    'copy-target-taken',
    `Nothing was copied to ${url}: ${problem}, and nothing is overwritten. Name an empty place.`,
    { details: { url } },
  );
