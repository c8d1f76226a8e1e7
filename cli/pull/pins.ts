// What is remembered of files that were pulled: the hash that an address had first. It is in the data folder, where it outlives the cache.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { shownUrl } from '../../core/remote/shown-url.ts';
import { FORMATS } from '../../core/storage/formats.ts';
import { createJson, readJson, updateJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../core/storage/object-store.ts';

const PinSchema = z.object({
  formatVersion: z.literal(FORMATS.pin.version),
  /** The address without its query, which may have a secret. */
  url: z.string(),
  sha256: z.string(),
  sizeBytes: z.number().int(),
  /** Unix seconds. */
  pinnedAt: z.number().int(),
});
const PIN = { ...FORMATS.pin, schema: PinSchema };

/** What an address gave when it was first pulled. */
export type Pin = z.infer<typeof PinSchema>;

const keyOf = (url: URL) => keys.pin(createHash('sha256').update(url.href).digest('hex'));

/** What an address gave before; undefined where it was never pulled. */
export const readPin = async (store: ObjectStore, url: URL): Promise<Pin | undefined> =>
  (await readJson(store, keyOf(url), PIN))?.value;

/** Remembers what an address gave, also instead of something else. */
export async function writePin(
  store: ObjectStore,
  url: URL,
  facts: Pick<Pin, 'sha256' | 'sizeBytes' | 'pinnedAt'>,
): Promise<void> {
  const pin: Pin = { formatVersion: PIN.version, url: shownUrl(url), ...facts };
  try {
    await createJson(store, keyOf(url), PIN, pin);
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    await updateJson(store, keyOf(url), PIN, () => pin);
  }
}
