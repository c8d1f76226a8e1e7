// The way back: a finished backup into an empty data folder or bucket.

import { z } from 'zod';
import { FoveaError } from '../errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { assertEmpty, BACKUP, taken } from './back-up.ts';
import { assertApart, type CopyDeps, copyObjects } from './copy-objects.ts';
import { takeInventory } from './take-inventory.ts';

/** Lies in the target as long as it is not whole. */
const RESTORE = { ...FORMATS.restore, schema: z.object({ from: z.string() }) };

/**
 * Copies a backup into an empty place, or goes on with such a copy that broke off.
 * @returns how many objects there are.
 * @throws {FoveaError} `backup-not-found`; `backup-unfinished`; `backup-damaged` where objects of it are gone;
 *   `copy-target-taken` where something else is in the target.
 */
export async function restore(copying: CopyDeps): Promise<number> {
  const { from, to } = copying;
  assertApart(from, to);
  const backup = (await readJson(from, keys.backup(), BACKUP))?.value;
  if (backup === undefined) {
    throw new FoveaError(
      'backup-not-found',
      `There is no backup in ${from.url}: it has no "${keys.backup()}". Name what "fovea backup" has made.`,
      { details: { url: from.url } },
    );
  }
  if (backup.finishedAt === null) {
    throw new FoveaError(
      'backup-unfinished',
      `The backup in ${from.url} is not finished. Run the same "fovea backup" again, which goes on with it.`,
      { details: { url: from.url } },
    );
  }
  const begun = (await readJson(to, keys.restore(), RESTORE))?.value;
  if (begun === undefined) {
    await assertEmpty(to);
    await createJson(to, keys.restore(), RESTORE, { from: from.url });
  } else if (begun.from !== from.url) {
    throw taken(to, `an unfinished copy of ${begun.from} is there`);
  }
  const objects = await takeInventory(from);
  if (objects.length < (backup.objects ?? 0)) {
    throw new FoveaError(
      'backup-damaged',
      `The backup in ${from.url} has ${objects.length} of its ${backup.objects} objects; nothing was restored. Use another ` +
        'backup, or bring the missing objects back.',
      { details: { url: from.url, objects: objects.length, expected: backup.objects } },
    );
  }
  const copied = await copyObjects(copying, objects);
  await to.delete(keys.restore());
  return copied;
}
