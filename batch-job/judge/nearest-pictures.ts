// Finds the pictures that a pretrained network sees as the most alike, by the cosine of their features.

import { leastCosine, meanDirection, toUnits } from '../logistic/directions.ts';
import type { FeatureRows } from '../logistic/feature-products.ts';
import { openMatrixProduct } from '../logistic/matrix-product.ts';

/** A picture of one table, one of the other, and the cosine of their features. */
export interface NearPair {
  readonly row: number;
  readonly otherRow: number;
  readonly cosine: number;
}

/** The nearest pictures of each. */
const NEAREST = 3;
/** Rows of both tables that are multiplied at once. */
const BLOCK = 1024;

/** For each row of `one`, the nearest rows of `other`, if they are near. In no order. @throws the signal's reason. */
export async function nearestPictures(
  one: FeatureRows,
  other: FeatureRows,
  signal: AbortSignal,
): Promise<NearPair[]> {
  const { width } = one;
  const product = await openMatrixProduct('right');
  try {
    const least = leastCosine(meanDirection(one), meanDirection(other));
    const found: NearPair[] = [];
    for (let start = 0; start < one.rows; start += BLOCK) {
      const left = unitRows(one, start);
      const near = Array.from({ length: left.count }, (): NearPair[] => []);
      for (let from = 0; from < other.rows; from += BLOCK) {
        signal.throwIfAborted();
        const right = unitRows(other, from);
        const cosines = await product.run(
          { values: left.values, rows: left.count, columns: width },
          { values: right.values, rows: right.count, columns: width },
        );
        cosines.forEach((cosine, at) => {
          if (cosine < least) return;
          const row = Math.floor(at / right.count);
          near[row]?.push({ row: start + row, otherRow: from + (at % right.count), cosine });
        });
      }
      for (const pairs of near) found.push(...pairs.sort((a, b) => b.cosine - a.cosine).slice(0, NEAREST));
    }
    return found;
  } finally {
    await product.release();
  }
}

/** A block of rows, each with length 1. */
function unitRows({ rows, width, read }: FeatureRows, start: number) {
  const count = Math.min(BLOCK, rows - start);
  return { values: toUnits(read(start, start + count), width), count };
}
