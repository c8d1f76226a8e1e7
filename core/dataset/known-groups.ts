// Remembers the groups of near-duplicates of a set of pictures: finding them takes much longer than reading them. It is a cache: what is
// damaged or missing is found out again. What is stored has neither names nor hashes of pictures.

import { createHash } from 'node:crypto';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { compareText } from './compare-text.ts';
import type { Picture } from './drop-duplicates.ts';
import { orNothing } from './known-files.ts';
import { groupNearDuplicates } from './near-duplicates.ts';

/** Sets below this are grouped within a moment. */
const FEWEST = 100;
/** Is raised whenever the same pictures may be grouped otherwise. */
const GROUPING_VERSION = 1;
const HASH_BYTES = 32;

/** The place of the groups in the store. */
export interface GroupsPlace {
  readonly store: ObjectStore;
  readonly dataset: string;
  /** See variantOf. */
  readonly variant: string;
}

/**
 * The leaders of {@link groupNearDuplicates}, from the store where the same contents were grouped before.
 * @param pictures Pictures of different contents, all with thumbnails or none.
 * @returns the leaders, and the name under which the store has them; null where it has not.
 */
export async function findGroups(
  { store, dataset, variant }: GroupsPlace,
  pictures: readonly Picture[],
  signal?: AbortSignal,
): Promise<{ readonly leaders: Int32Array; readonly name: string | null }> {
  const group = () => groupNearDuplicates(pictures, signal);
  if (pictures.length < FEWEST || pictures[0]?.thumbnail === null)
    return { leaders: await group(), name: null };
  const byContent = [...pictures.keys()].sort((a, b) =>
    compareText((pictures[a] as Picture).contentHash, (pictures[b] as Picture).contentHash),
  );
  const digest = createHash('sha256').update(`${GROUPING_VERSION}`);
  for (const index of byContent) digest.update((pictures[index] as Picture).contentHash);
  const name = digest.digest('hex');
  const key = keys.inspectionGroups(dataset, variant, name);
  let ranks: Int32Array | undefined;
  await orNothing(async () => {
    ranks = unpack((await store.get(key, signal === undefined ? {} : { signal }))?.body, pictures.length);
  });
  const leaders = new Int32Array(pictures.length);
  if (ranks !== undefined) {
    for (const [rank, leader] of ranks.entries())
      leaders[byContent[rank] as number] = byContent[leader] as number;
    return { leaders, name };
  }
  leaders.set(await group());
  const rankOf = new Int32Array(pictures.length);
  for (const [rank, index] of byContent.entries()) rankOf[index] = rank;
  const found = Int32Array.from(byContent, (index) => rankOf[leaders[index] as number] as number);
  await orNothing(() => store.put(key, pack(found)));
  return { leaders, name };
}

/** Erases the groups of other sets of pictures than the named one. */
export async function eraseOtherGroups({ store, dataset, variant }: GroupsPlace, name: string | null) {
  await orNothing(async () => {
    const kept = name === null ? '' : keys.inspectionGroups(dataset, variant, name);
    for await (const { key } of store.list(keys.inspectionGroups(dataset, variant)))
      if (key !== kept) await store.erase(key);
  });
}

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Pairs of a picture and its leader, for pictures that have another leader than themselves; before them their hash. */
function pack(ranks: Int32Array): Buffer {
  const pairs = Buffer.alloc(8 * ranks.filter((leader, rank) => leader !== rank).length);
  let at = 0;
  for (const [rank, leader] of ranks.entries()) {
    if (leader === rank) continue;
    at = pairs.writeInt32LE(rank, at);
    at = pairs.writeInt32LE(leader, at);
  }
  return Buffer.concat([digestOf(pairs), pairs]);
}

function unpack(bytes: Uint8Array | undefined, count: number): Int32Array | undefined {
  if (bytes === undefined || bytes.length < HASH_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs = buffer.subarray(HASH_BYTES);
  if (!digestOf(pairs).equals(buffer.subarray(0, HASH_BYTES))) return undefined;
  const ranks = Int32Array.from({ length: count }, (_, rank) => rank);
  for (let at = 0; at < pairs.length; at += 8) ranks[pairs.readInt32LE(at)] = pairs.readInt32LE(at + 4);
  return ranks;
}
