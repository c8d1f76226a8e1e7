// Content that is kept as several objects, one after another, and read as one. Knows nothing of what it is.

import { FoveaError } from '../errors/errors.ts';
import type { ByteRange } from './byte-range.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

/** An object that holds a part of the content. */
export type ObjectPart = Pick<ObjectInfo, 'key' | 'sizeBytes'>;

/** The objects of a prefix as parts, in the order of their keys. */
export async function listParts(store: Pick<ObjectStore, 'list'>, prefix: string): Promise<ObjectPart[]> {
  const parts: ObjectPart[] = [];
  for await (const { key, sizeBytes } of store.list(prefix)) parts.push({ key, sizeBytes });
  return parts;
}

/** Bytes of all parts together. */
export const sizeOfParts = (parts: readonly ObjectPart[]): number =>
  parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/**
 * The bytes of a range of the content, part by part, of which one is in memory at a time. Default: all.
 * @throws {FoveaError} `storage-conflict` where a part was deleted meanwhile.
 */
export async function* readParts(
  store: Pick<ObjectStore, 'get'>,
  parts: readonly ObjectPart[],
  { start, end }: ByteRange = { start: 0, end: sizeOfParts(parts) - 1 },
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const { key, sizeBytes } of parts) {
    const range = { start: Math.max(0, start - offset), end: Math.min(sizeBytes - 1, end - offset) };
    offset += sizeBytes;
    if (range.start > range.end) continue;
    const object = await store.get(key, { range });
    if (object === undefined)
      throw new FoveaError('storage-conflict', `The object "${key}" was deleted while it was read.`);
    yield object.body;
  }
}
