// The directions of features, whose cosines tell how much alike a pretrained network sees pictures.

import { blockRowsOf, type FeatureRows } from './feature-products.ts';

/**
 * Pictures are alike where the cosine of their features is nearer to 1 than this share of the way from the mean cosine of different
 * pictures. With MobileNetV2, whose mean is about 0.5, that is a cosine of 0.8, and all but one in a hundred crops of 80 % are above. The
 * share depends less on the network.
 */
const ALIKE_SHARE = 0.6;

/** The rows `[rows, width]` with length 1, as a copy; rows of zeros stay. */
export function toUnits(features: Float32Array, width: number): Float32Array {
  const units = features.slice();
  for (let start = 0; start < units.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += (units[i] as number) ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = start; i < start + width; i++) units[i] = scale * (units[i] as number);
  }
  return units;
}

/** The mean of the first rows with length 1, `[width]`. @param rows default: all of the table. */
export function meanDirection(table: FeatureRows, rows: number = table.rows): Float64Array {
  const { width } = table;
  const mean = new Float64Array(width);
  for (let start = 0; start < rows; start += blockRowsOf(width)) {
    const units = toUnits(table.read(start, Math.min(rows, start + blockRowsOf(width))), width);
    units.forEach((value, i) => {
      mean[i % width] = (mean[i % width] as number) + value;
    });
  }
  return mean.map((sum) => sum / rows);
}

/**
 * The cosine from which on pictures are alike. The mean cosine of pairs is the product of their mean directions.
 * @param one, other As of {@link meanDirection}: of two tables, or twice of the same.
 */
export function leastCosine(one: Float64Array, other: Float64Array): number {
  const mean = one.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
  return mean + ALIKE_SHARE * (1 - mean);
}
