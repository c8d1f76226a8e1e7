// Finds near-duplicates: pictures that look the same although their bytes differ, e.g. saved again, scaled, or the next frame of a film.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { contrastOf, differenceHash, hammingDistance, meanDifference } from '../image/thumbnail.ts';
import { compareText } from './compare-text.ts';
import type { PictureFacts } from './inspect-file.ts';

/** What is looked at of a picture. */
type Picture = Pick<PictureFacts, 'contentHash' | 'thumbnail'>;

/** Numbers of near-duplicates, and the first groups of them. */
export interface NearDuplicates {
  readonly groupCount: number;
  /** Number of pictures in all groups. */
  readonly pictureCount: number;
  /** Number of groups with pictures in different splits. */
  readonly acrossSplits: number;
  /** Number of groups with pictures of different classes. */
  readonly acrossClasses: number;
  /** Object keys of the first groups, those across classes and splits before the others. */
  readonly groups: readonly (readonly string[])[];
}

/** How many of the 64 bits may differ. Of four words, at least one is then equal: see {@link groupNearDuplicates}. */
const MAX_HAMMING = 3;
/** Largest mean difference between the values of thumbnails, of 255. Saving a JPEG again makes 1, another color 20 and more. */
const MAX_DIFFERENCE = 4;
/** A picture with a smaller standard deviation of luma is nearly plain, and its hash is noise. */
const MIN_CONTRAST = 8;
/** Leaders that are compared for each word of a hash. More leaders share a word only where pictures are similar, like scanned forms. */
const MAX_COMPARED = 64;
/** Time after which other work, such as progress and leases, has its turn; 200,000 pictures take half a minute. */
const TURN_MS = 20;

/**
 * Finds for every picture the leader of its group of near-duplicates: itself, or a picture before it in the order of content hashes.
 *
 * A picture is compared only with leaders, so that a chain of small changes does not make one group of a whole film. Where two hashes
 * of four words differ in at most three bits, at least one word is equal. So only leaders with an equal word are compared, and the time
 * grows with the number of pictures, not with its square.
 *
 * @throws the signal's reason.
 * @returns the index of each picture's leader. It does not depend on the order of pictures. Plain pictures are their own leaders.
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
