// Assigns pictures to splits by a threshold on their content's hash, as before there were snapshots. Knows nothing of files and folders.

import { createHash } from 'node:crypto';
import type { SplitFractions } from '../job/record/job.ts';
import type { Split } from './split-folder.ts';

/** The number of splits: a class with fewer pictures cannot be in each of them. */
export const MIN_CLASS_PICTURES = 3;

/** Changing it would split every dataset anew, and test new models on pictures that old ones were trained on. */
const SALT = 'fovea-split-1';
const POSITION_BYTES = 6;

/**
 * The position of a picture in [0, 1), uniform over contents. It never changes.
 *
 * @param contentHash Hash of the picture's bytes.
 * @param seed Another seed gives other positions.
 */
export function splitPosition(contentHash: string, seed = 0): number {
  const digest = createHash('sha256').update(`${SALT}:${seed}:${contentHash}`).digest();
  return digest.readUIntBE(0, POSITION_BYTES) / 2 ** (8 * POSITION_BYTES);
}

/**
 * Assigns the pictures of one class to splits.
 *
 * Pictures with a position below `test` are for the test, those below `test + validation` for validation, the others for training. So
 * each split gets its share up to chance (standard deviation sqrt(n f (1 - f)) pictures), whatever else is in the dataset. Where a class
 * of at least {@link MIN_CLASS_PICTURES} would have none in a split with a fraction above 0, the pictures next in position move there.
 *
 * It guarantees:
 * - the same contents, fractions and seed give the same splits, in any order, on any machine;
 * - equal contents are in the same split;
 * - adding pictures to a class never moves one from training to validation or test, nor from validation to test, so that no model is
 *   tested on what an older one was trained on; a picture that moved up may go back. This holds for classes with at least
 *   {@link MIN_CLASS_PICTURES} pictures, of which two are for training by their position. In smaller ones chance may hold out nearly
 *   all, and training and validation each take a picture that the test would get.
 *
 * @param contentHashes Hashes of the pictures of one class.
 * @returns the split of each picture, in the order of `contentHashes`.
 */
export function splitClass(contentHashes: readonly string[], fractions: SplitFractions, seed = 0): Split[] {
  const positions = new Map(contentHashes.map((hash) => [hash, splitPosition(hash, seed)]));
  const ranked = [...positions].sort(([hashA, a], [hashB, b]) => a - b || (hashA < hashB ? -1 : 1));
  const below = (limit: number): number => ranked.filter(([, position]) => position < limit).length;
  const least = (fraction: number): number => (fraction > 0 && ranked.length >= MIN_CLASS_PICTURES ? 1 : 0);

  const leastOf = { test: least(fractions.test), validation: least(fractions.validation) };
  // Training keeps at least one picture, the last in position, whatever the fractions are.
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
