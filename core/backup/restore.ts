// Restores a finished backup into an empty data folder or bucket.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { shownCommand } from '../shown-command.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { assertApart } from './assert-apart.ts';
import { assertEmpty, BACKUP, taken } from './back-up.ts';
import { damaged, type ListedObject, readList } from './backup-list.ts';
import { type Stage, stageOf } from './copied-keys.ts';
import { type CopyDeps, copyObjects } from './copy-objects.ts';
import { RESTORE } from './restore-note.ts';
import { takeInventory } from './take-inventory.ts';

interface RestoredObject extends Pick<ListedObject, 'key' | 'sizeBytes'> {
  readonly stage: Stage;
  /** Absent where the backup has no list. */
  readonly sha256?: string;
}

/**
 * Copies a backup into an empty place, or resumes such a copy after an interruption.
 * @returns the number of restored objects.
 * @throws {FoveaError} `backup-not-found`; `backup-unfinished`; `backup-damaged` where an object of the backup is missing or has
 *   changed; `copy-target-taken` where something else is in the target.
 */
export async function restore(copying: CopyDeps): Promise<number> {
  const { from, to } = copying;
  await assertApart(from, to);
  const backup = (await readJson(from, keys.backup(), BACKUP))?.value;
  if (backup === undefined) {
    throw new FoveaError(
      'backup-not-found',
      `There is no backup in ${from.url}: it has no "${keys.backup()}". Name what "${shownCommand('backup')}" has made.`,
      { details: { url: from.url } },
    );
  }
  if (backup.finishedAt === null) {
    throw new FoveaError(
      'backup-unfinished',
      `The backup in ${from.url} is not finished. Run the same "${shownCommand('backup')}" again to finish it.`,
      { details: { url: from.url } },
    );
  }
  const objects =
    backup.lists === undefined ? await unlisted(from, backup.objects ?? 0) : await listed(from, backup.lists);
  const begun = (await readJson(to, keys.restore(), RESTORE))?.value;
  if (begun === undefined) {
    await assertEmpty(to);
    await createJson(to, keys.restore(), RESTORE, { from: from.url });
  } else if (begun.from !== from.url) {
    throw taken(to, `an unfinished copy of ${begun.from} is there`);
  }
  const copied = await copyObjects(copying, objects, (object) => restoreObject(from, to, object));
  await to.delete(keys.restore());
  return copied.length;
}

/** The objects that the list of a backup names, after a check that all of them exist. */
async function listed(from: ObjectStore, lists: readonly string[]): Promise<RestoredObject[]> {
  const objects = await readList(from, lists);
  const there = new Map<string, number>();
  for await (const { key, sizeBytes } of from.list('')) there.set(key, sizeBytes);
  for (const { key, sizeBytes } of objects) {
    const found = there.get(key);
    if (found === undefined) throw damaged(from, key, 'is gone');
    if (found !== sizeBytes) throw damaged(from, key, `has ${found} bytes and not its ${sizeBytes}`);
  }
  return objects.map((object) => ({ ...object, stage: stageOf(object.key) ?? 'file' }));
}

async function unlisted(from: ObjectStore, expected: number): Promise<RestoredObject[]> {
  const objects = await takeInventory(from);
  if (objects.length < expected) {
    throw new FoveaError(
      'backup-damaged',
      `The backup in ${from.url} has ${objects.length} of its ${expected} objects; nothing was restored. Use another ` +
        'backup, or bring the missing objects back.',
      { details: { url: from.url, objects: objects.length, expected } },
    );
  }
  return objects.map(({ key, sizeBytes, stage }) => ({ key, sizeBytes, stage }));
}

async function readFrom(from: ObjectStore, key: string, isListed: boolean): Promise<Uint8Array | undefined> {
  try {
    return (await from.get(key))?.body;
  } catch (error) {
    if (isListed && isFoveaError(error, 'storage-link-refused')) throw damaged(from, key, 'is a link');
    throw error;
  }
}

/** @returns undefined where the object was deleted from a backup without a list. */
async function restoreObject(
  from: ObjectStore,
  to: ObjectStore,
  { key, sha256 }: RestoredObject,
): Promise<Pick<ObjectInfo, 'key'> | undefined> {
  const isOther = (body: Uint8Array) => sha256 !== undefined && contentHashOf(body) !== sha256;
  const there = await to.get(key);
  if (there !== undefined && sha256 !== undefined && !isOther(there.body)) return { key };
  const content = await readFrom(from, key, sha256 !== undefined);
  if (content === undefined) {
    if (sha256 === undefined) return undefined;
    throw damaged(from, key, 'is gone');
  }
  if (isOther(content)) throw damaged(from, key, 'has other content than was copied');
  try {
    return await to.put(key, content, { ifNoneMatch: '*' });
  } catch (error) {
    if (!isFoveaError(error, 'precondition-failed')) throw error;
    // An earlier run of this restore, or one that runs beside it, may have written it.
    const current = await to.get(key);
    if (current !== undefined && Buffer.compare(current.body, content) === 0) return { key };
    throw new FoveaError(
      'copy-target-taken',
      `The restore stopped: "${key}" in ${to.url} is not what the backup in ${from.url} has, and nothing is overwritten. ` +
        'Something else wrote there; restore into an empty place.',
      { param: key, details: { url: to.url, key } },
    );
  }
}
