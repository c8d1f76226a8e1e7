// Pictures that look the same although their bytes differ: saved again, scaled, the next frame of a film.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { contrastOf, differenceHash, hammingDistance, meanDifference } from '../image/thumbnail.ts';
import { compareText } from './compare-text.ts';
import type { Picture } from './drop-duplicates.ts';

/** What near-duplicates there are; the groups are only the first of them. */
export interface NearDuplicates {
  readonly groupCount: number;
  /** Pictures in all groups together. */
  readonly pictureCount: number;
  /** Groups with pictures on both sides of a split. */
  readonly acrossSplits: number;
  /** Groups with pictures of more than one class. */
  readonly acrossClasses: number;
  /** Object keys of the first groups, those across classes and splits before the others. */
  readonly groups: readonly (readonly string[])[];
}

/** Bits of the 64 that may differ. With four words, one of them is then equal: see {@link groupNearDuplicates}. */
const MAX_HAMMING = 3;
/** Largest mean difference of the thumbnails' values, of 255: saving a JPEG again makes 1, another color 20 and more. */
const MAX_DIFFERENCE = 4;
/** Below this standard deviation of luma a picture is nearly plain, and its hash noise. */
const MIN_CONTRAST = 8;
/** Leaders compared for a word of a hash: more share one only where pictures are alike and yet different, as scanned forms. */
const MAX_COMPARED = 64;
/** Then progress, leases and signals have their turn, whose calls take several each: 200,000 pictures take half a minute. */
const TURN_MS = 20;

/**
 * Finds for every picture the one that stands for it: itself, or an earlier picture, by content hash, that it looks like.
 *
 * A picture is compared with leaders alone, never with followers, so that a chain of small changes does not make one group
 * of a whole film. Where two hashes of four words differ in at most three bits, at least one word is equal: only leaders
 * with an equal word are compared, and the time grows with the number of pictures, not with its square.
 *
 * @throws the signal's reason.
 * @returns the index of each picture's leader, whatever the order of pictures; plain pictures lead themselves.
 */
export async function groupNearDuplicates(
  pictures: readonly Picture[],
  signal?: AbortSignal,
): Promise<Int32Array> {
  const leaders = Int32Array.from(pictures, (_, index) => index);
  const buckets = new Map<number, Leader[]>();
  const byContent = [...pictures.keys()].sort((a, b) =>
    compareText((pictures[a] as Picture).contentHash, (pictures[b] as Picture).contentHash),
  );
  let turnedMs = performance.now();
  for (const index of byContent) {
    if (performance.now() - turnedMs > TURN_MS) {
      await nextTurn();
      signal?.throwIfAborted();
      turnedMs = performance.now();
    }
    const { thumbnail } = pictures[index] as Picture;
    if (thumbnail === null || contrastOf(thumbnail) < MIN_CONTRAST) continue;
    const candidate: Leader = { index, thumbnail, hash: differenceHash(thumbnail) };
    const bucketKeys = Array.from(candidate.hash, (word, position) => position * 2 ** 16 + word);
    const found = findLeader(buckets, bucketKeys, candidate);
    if (found !== undefined) {
      leaders[index] = found.index;
      continue;
    }
    for (const key of bucketKeys) {
      const bucket = buckets.get(key) ?? [];
      if (bucket.length < MAX_COMPARED) bucket.push(candidate);
      buckets.set(key, bucket);
    }
  }
  return leaders;
}

interface Leader {
  readonly index: number;
  readonly thumbnail: Uint8Array;
  readonly hash: Uint16Array;
}

function findLeader(
  buckets: ReadonlyMap<number, readonly Leader[]>,
  bucketKeys: readonly number[],
  candidate: Leader,
): Leader | undefined {
  for (const key of bucketKeys) {
    for (const leader of buckets.get(key) ?? []) if (looksLike(leader, candidate)) return leader;
  }
  return undefined;
}

const looksLike = (a: Leader, b: Leader): boolean =>
  hammingDistance(a.hash, b.hash) <= MAX_HAMMING &&
  meanDifference(a.thumbnail, b.thumbnail) <= MAX_DIFFERENCE;
