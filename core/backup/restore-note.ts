// The note that lies in the target of a restore until the restore is finished.

import { z } from 'zod';
import { FoveaError } from '../errors/errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** The stored format of the note. */
export const RESTORE = { ...FORMATS.restore, schema: z.object({ from: z.string() }) };

/**
 * Refuses a store whose restore is not finished.
 * @throws {FoveaError} `restore-unfinished`, with the command that finishes it.
 */
export async function assertRestored(store: ObjectStore): Promise<void> {
  const note = (await readJson(store, keys.restore(), RESTORE))?.value;
  if (note === undefined) return;
  throw new FoveaError(
    'restore-unfinished',
    `The restore of ${store.url} from the backup in ${note.from} is not finished. Finish it: fovea restore "${note.from}" --data "${store.url}"`,
    { details: { url: store.url, from: note.from } },
  );
}
