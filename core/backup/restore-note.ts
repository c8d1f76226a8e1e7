// The note that lies in the target of a restore for as long as it is not whole.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export const RESTORE = { ...FORMATS.restore, schema: z.object({ from: z.string() }) };

/**
 * Refuses a store into which a backup has been copied only in part.
 * @throws {FoveaError} `restore-unfinished`, with the command that finishes it.
 */
export async function assertRestored(store: ObjectStore): Promise<void> {
  const note = (await readJson(store, keys.restore(), RESTORE))?.value;
  if (note === undefined) return;
  throw new FoveaError(
    'restore-unfinished',
    `${store.url} has only a part of the backup in ${note.from}. Finish the restore: fovea restore "${note.from}" --data "${store.url}"`,
    { details: { url: store.url, from: note.from } },
  );
}
