// Says of which pictures an object of cached features is: their ids, one after another.

import { pictureId } from '../dataset/split-snapshots.ts';

/** Bytes of a picture's id. */
const ID_BYTES = 16;

/** Packs the ids of pictures. @param contentHashes sha256 of their bytes, in hexadecimal. */
export const packMembers = (contentHashes: readonly string[]): Buffer =>
  Buffer.concat(contentHashes.map((hash) => Buffer.from(pictureId(hash), 'hex')));

/** Whether one of the pictures is among the packed ones. @param ids of pictureId. */
export function hasMember(packed: Uint8Array, ids: ReadonlySet<string>): boolean {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < bytes.length; at += ID_BYTES)
    if (ids.has(bytes.toString('hex', at, at + ID_BYTES))) return true;
  return false;
}
