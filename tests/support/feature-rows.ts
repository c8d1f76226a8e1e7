// Features in memory, as the parts that solve a head read them.

import type { FeatureRows } from '../../batch-job/logistic/feature-products.ts';

/** A table of the values `[rows, width]`. */
export const featureRows = (values: Float32Array, width: number): FeatureRows => ({
  rows: values.length / width,
  width,
  read: (start, end) => values.subarray(start * width, end * width),
});
