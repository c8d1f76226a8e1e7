// Finds the pictures that a pretrained network sees as the most alike, by the cosine of their features.

import type { FeatureTable } from '../examples/feature-table.ts';
import { openMatrixProduct } from '../logistic/matrix-product.ts';

/** A picture of one table, one of the other, and the cosine of their features. */
export interface NearPair {
  readonly row: number;
  readonly otherRow: number;
  readonly cosine: number;
}

/** Features of the first `rows` rows of a table. */
export interface FeatureRowsOf {
  readonly table: FeatureTable;
  readonly rows: number;
}

/**
 * A cosine counts from this share of the way from the mean cosine of different pictures to 1. With MobileNetV2, whose mean is about 0.5,
 * that is 0.8, and all but one in a hundred crops of 80 % are above.
 */
const LEAST_SHARE = 0.6;
/** The nearest pictures of each. */
const NEAREST = 3;
/** Rows of both tables that are multiplied at once. */
const BLOCK = 1024;

/** For each row of `one`, the nearest rows of `other`, if they are near. In no order. @throws the signal's reason. */
export async function nearestPictures(
  one: FeatureRowsOf,
  other: FeatureRowsOf,
  signal: AbortSignal,
): Promise<NearPair[]> {
  const { width } = one.table;
  const product = await openMatrixProduct('right');
  try {
    const least = leastCosine(one, other);
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

/** A block of rows, each with length 1; rows of zeros stay. */
function unitRows({ table, rows }: FeatureRowsOf, start: number) {
  const { width } = table;
  const count = Math.min(BLOCK, rows - start);
  const values = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    const unit = values.subarray(row * width, (row + 1) * width);
    table.read(start + row, unit);
    const length = Math.sqrt(unit.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) for (let i = 0; i < width; i++) unit[i] = (unit[i] as number) / length;
  }
  return { values, count };
}

/** From the mean cosine between the tables, which is the product of their mean directions. */
function leastCosine(one: FeatureRowsOf, other: FeatureRowsOf): number {
  const [a, b] = [one, other].map(meanDirection) as [Float64Array, Float64Array];
  const mean = a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return mean + LEAST_SHARE * (1 - mean);
}

function meanDirection(features: FeatureRowsOf): Float64Array {
  const { width } = features.table;
  const mean = new Float64Array(width);
  for (let start = 0; start < features.rows; start += BLOCK) {
    unitRows(features, start).values.forEach((value, at) => {
      mean[at % width] = (mean[at % width] as number) + value / features.rows;
    });
  }
  return mean;
}
