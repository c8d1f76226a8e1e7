// The list of a backup: key, size and hash of each object, in pieces that are small enough to be read as a whole. A piece is named by
// its hash, so that one backup never overwrites the list of another.

import { z } from 'zod';
import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const ListedSchema = z.object({ key: z.string(), sizeBytes: z.number().int(), sha256: z.string() });
/** Key, size and hash of an object as it was copied. */
export type ListedObject = z.infer<typeof ListedSchema>;

/** Objects in one piece of the list, which then takes about 2 MB. */
const PART = 10_000;

/**
 * Writes the list of a backup.
 * @returns the hashes of its pieces.
 */
export async function writeList(store: ObjectStore, objects: readonly ListedObject[]): Promise<string[]> {
  const parts: string[] = [];
  for (let start = 0; start < objects.length; start += PART) {
    const lines = objects.slice(start, start + PART).map((object) => `${JSON.stringify(object)}\n`);
    const body = new TextEncoder().encode(lines.join(''));
    const sha256 = contentHashOf(body);
    await store.put(keys.backupList(sha256), body);
    parts.push(sha256);
  }
  return parts;
}

/**
 * Reads the list of a backup.
 * @throws {FoveaError} `backup-damaged` where a piece is missing or has changed.
 */
export async function readList(store: ObjectStore, parts: readonly string[]): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for (const sha256 of parts) {
    const key = keys.backupList(sha256);
    const body = (await store.get(key))?.body;
    if (body === undefined) throw damaged(store, key, 'is gone');
    if (contentHashOf(body) !== sha256) throw damaged(store, key, 'is not what was written');
    for (const line of new TextDecoder().decode(body).trimEnd().split('\n'))
      objects.push(ListedSchema.parse(JSON.parse(line)));
  }
  return objects;
}

/**
 * The error `backup-damaged` for one object.
 * @param problem e.g. `is gone`.
 */
export const damaged = ({ url }: ObjectStore, key: string, problem: string) =>
  new FoveaError(
    'backup-damaged',
    `The backup in ${url} is damaged: "${key}" ${problem}. Bring the object back and restore again, or restore another ` +
      'backup into an empty place.',
    { param: key, details: { url, key } },
  );
