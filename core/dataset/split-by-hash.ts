// Which pictures train, validate and test: by their content alone. Knows nothing of files and folders.

import { createHash } from 'node:crypto';
import type { SplitFractions } from '../job/record/job.ts';
import type { Split } from './split-folder.ts';

/** With fewer pictures than splits, a class cannot be in each of them. */
export const MIN_CLASS_PICTURES = 3;

/** Changing it deals every dataset anew, and pictures that old models trained on would land in new tests. */
const SALT = 'fovea-split-1';
const POSITION_BYTES = 6;

/**
 * A picture's place in [0, 1), uniform over contents and the same forever.
 *
 * @param contentHash Of the picture's bytes.
 * @param seed Another seed, another deal.
 */
export function splitPosition(contentHash: string, seed = 0): number {
  const digest = createHash('sha256').update(`${SALT}:${seed}:${contentHash}`).digest();
  return digest.readUIntBE(0, POSITION_BYTES) / 2 ** (8 * POSITION_BYTES);
}

/**
 * Deals the pictures of one class to the splits.
 *
 * Positions below `test` go to the test, the next `validation` to validation, the others train. So each split gets
 * its share up to chance (standard deviation sqrt(n f (1 - f)) pictures), whatever else is in the dataset. Where a
 * class of at least {@link MIN_CLASS_PICTURES} would have none in a split of non-zero fraction, the pictures next in
 * position are moved up.
 *
 * Guaranteed:
 * - the same contents, fractions and seed give the same splits, in any order, on any machine;
 * - equal contents are on one side;
 * - adding pictures to a class never moves one from training to validation or test, nor from validation to test, so
 *   that no model is tested on what an older one trained on; a moved-up picture may go back. This holds from
 *   {@link MIN_CLASS_PICTURES} pictures on, two of which fall to training by their position: below, chance may have
 *   held out nearly all, and training and validation take a picture each from what the test would get.
 *
 * @param contentHashes Of the pictures of one class.
 * @returns The split of each picture, in the order of `contentHashes`.
 */
export function splitClass(contentHashes: readonly string[], fractions: SplitFractions, seed = 0): Split[] {
  const positions = new Map(contentHashes.map((hash) => [hash, splitPosition(hash, seed)]));
  const ranked = [...positions].sort(([hashA, a], [hashB, b]) => a - b || (hashA < hashB ? -1 : 1));
  const below = (limit: number): number => ranked.filter(([, position]) => position < limit).length;
  const least = (fraction: number): number => (fraction > 0 && ranked.length >= MIN_CLASS_PICTURES ? 1 : 0);

  const leastOf = { test: least(fractions.test), validation: least(fractions.validation) };
  // Training keeps at least one: the last in position stays whatever the fractions are.
  const heldOutMax = Math.max(ranked.length - 1, 0);
  const testCount = Math.min(
    Math.max(below(fractions.test), leastOf.test),
    Math.max(heldOutMax - leastOf.validation, 0),
  );
  const heldOutCount = Math.min(
    Math.max(below(fractions.test + fractions.validation), testCount + leastOf.validation),
    heldOutMax,
  );
  const splits = new Map<string, Split>(
    ranked.map(([hash], rank) => [
      hash,
      rank < testCount ? 'test' : rank < heldOutCount ? 'validation' : 'train',
    ]),
  );
  return contentHashes.map((hash) => splits.get(hash) as Split);
}
