// Multiplies a table of features with small matrices. The table is read by blocks of rows, so that it need not fit into memory.

import { openMatrixProduct } from './matrix-product.ts';

/** Features `[rows, width]`, read by blocks of rows. */
export interface FeatureRows {
  readonly rows: number;
  readonly width: number;
  /** Rows `start` to `end`, one after another; the values are good until the next call. @throws to abort. */
  read(start: number, end: number): Float32Array;
}

/** Multiplies the features of a table. */
export interface FeatureProducts {
  readonly rows: number;
  readonly width: number;
  /**
   * Visits the table in blocks. For each, `residualsOf` gets the scores `rows · kernel`, `[block, columns]`, and gives as many
   * numbers.
   * @param kernel `[width, columns]`.
   * @returns `rowsᵀ · residuals`, `[width, columns]`.
   */
  visit(
    kernel: Float32Array,
    columns: number,
    residualsOf: (scores: Float32Array, start: number, end: number) => Float32Array,
  ): Promise<Float64Array>;
  /** Calls `use` with the scores `rows · kernel` of the rows from 0 to `count`, block by block: `[block, columns]`, and the first row. */
  eachScores(
    kernel: Float32Array,
    columns: number,
    count: number,
    use: (scores: Float32Array, start: number) => void,
  ): Promise<void>;
  release(): Promise<void>;
}

/** Bytes of features in a block. */
const BLOCK_BYTES = 32 * 2 ** 20;

/** How many rows of so many features are read at once: 32 MiB. */
export const blockRowsOf = (width: number): number =>
  Math.max(1, Math.floor(BLOCK_BYTES / (width * Float32Array.BYTES_PER_ELEMENT)));

/** Opens the products of a table; the caller releases them. */
export async function openFeatureProducts(table: FeatureRows): Promise<FeatureProducts> {
  const { rows, width } = table;
  const scoresOf = await openMatrixProduct('none');
  const gradientOf = await openMatrixProduct('left');
  const blockRows = blockRowsOf(width);
  const blocks = function* (count: number) {
    for (let start = 0; start < count; start += blockRows) {
      const end = Math.min(count, start + blockRows);
      yield { start, end, block: { values: table.read(start, end), rows: end - start, columns: width } };
    }
  };
  return {
    rows,
    width,
    async visit(kernel, columns, residualsOf) {
      const sum = new Float64Array(width * columns);
      for (const { start, end, block } of blocks(rows)) {
        const scores = await scoresOf.run(block, { values: kernel, rows: width, columns });
        const values = residualsOf(scores, start, end);
        const part = await gradientOf.run(block, { values, rows: end - start, columns });
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
      }
      return sum;
    },
    async eachScores(kernel, columns, count, use) {
      for (const { start, block } of blocks(count))
        use(await scoresOf.run(block, { values: kernel, rows: width, columns }), start);
    },
    async release() {
      await scoresOf.release();
      await gradientOf.release();
    },
  };
}
