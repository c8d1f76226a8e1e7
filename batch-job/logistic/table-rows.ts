// Reads a table of features as logistic regression takes them: by blocks of rows.

import type { FeatureTable } from '../examples/feature-table.ts';
import type { FeatureRows } from './feature-products.ts';
import { normalizeRows } from './normalize-rows.ts';

/** What is done with each block. */
export interface TableRowsOptions {
  /** Is called before each block; throws to abort. */
  readonly check?: () => void;
  /** Epsilon of the layer normalization of each row; default: rows stay as they are. */
  readonly normalization?: number | undefined;
}

/** The first rows of a table, read into one buffer. The caller closes the table. */
export function tableRows(
  table: FeatureTable,
  rows: number,
  { check, normalization }: TableRowsOptions = {},
): FeatureRows {
  const { width } = table;
  let buffer = new Float32Array();
  return {
    rows,
    width,
    read(start, end) {
      check?.();
      const length = (end - start) * width;
      if (buffer.length < length) buffer = new Float32Array(length);
      const values = buffer.subarray(0, length);
      table.read(start, values);
      if (normalization !== undefined) normalizeRows(values, width, normalization);
      return values;
    },
  };
}
