// The mean of each feature and one scale for all of them, so that a penalty means the same for every backbone. Features are not
// standardized one by one: small ones are mostly noise, which that would make as large as the others.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { blockRowsOf, type FeatureRows } from './feature-products.ts';

/** How features are centered and scaled. */
export interface FeatureScale {
  /** Mean of each feature, `[width]`. */
  readonly center: Float64Array;
  /** The factor on all centered features by which the mean of their variances is 1; 1 where they do not vary. */
  readonly scale: number;
}

/** Measures a table. */
export async function measureScale(table: FeatureRows): Promise<FeatureScale> {
  const { rows, width } = table;
  const sums = new Float64Array(width);
  let squares = 0;
  for (let start = 0; start < rows; start += blockRowsOf(width)) {
    await nextTurn();
    const values = table.read(start, Math.min(rows, start + blockRowsOf(width)));
    for (let at = 0; at < values.length; at += width) {
      for (let feature = 0; feature < width; feature++) {
        const value = values[at + feature] as number;
        sums[feature] = (sums[feature] as number) + value;
        squares += value * value;
      }
    }
  }
  const center = sums.map((sum) => sum / rows);
  const variance = (squares / rows - center.reduce((sum, mean) => sum + mean * mean, 0)) / width;
  return { center, scale: variance > 0 ? 1 / Math.sqrt(variance) : 1 };
}
