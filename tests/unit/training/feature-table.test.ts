import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFeatureTable } from '../../../batch-job/examples/feature-table.ts';
import { featureExamples } from '../../../batch-job/examples/features.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { permutation } from '../../../core/random.ts';
import { noise } from '../../support/layer-networks.ts';

const WIDTH = 33;
const ROWS = 200;

describe.each([
  ['in memory', Number.POSITIVE_INFINITY],
  ['in a file', 0],
])('createFeatureTable %s', (_, memoryBytes) => {
  const rowOf = (row: number) => noise(WIDTH, row);

  it('gives every row back with its bits, whatever the order', () => {
    const table = createFeatureTable({ rows: ROWS, width: WIDTH, memoryBytes });
    for (const row of permutation(ROWS, 1)) table.write(row, rowOf(row));
    const target = new Float32Array(3 * WIDTH);
    for (const row of permutation(ROWS, 2)) {
      table.read(row, target.subarray(WIDTH, 2 * WIDTH));
      expect(target.subarray(WIDTH, 2 * WIDTH)).toEqual(rowOf(row));
    }
    expect(target.subarray(0, WIDTH).every((value) => value === 0)).toBe(true);
    table.close();
  });

  it('keeps 11 bits of every value in half precision, and what is too large at the largest half', () => {
    const table = createFeatureTable({ rows: 2, width: WIDTH, memoryBytes, halfPrecision: true });
    const values = rowOf(1).map((value, i) => (i === 0 ? 1e6 : i === 1 ? 2 ** -24 : value));
    table.write(0, rowOf(0));
    table.write(1, values);
    const target = new Float32Array(WIDTH);
    table.read(1, target);
    expect([target[0], target[1]]).toEqual([65504, 2 ** -24]);
    target.subarray(2).forEach((value, i) => {
      const expected = values[i + 2] as number;
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(
        Math.max(2 ** -24, Math.abs(expected) * 2 ** -11),
      );
    });
    table.close();
  });

  it('serves the views of an epoch as examples', async () => {
    const items = [0, 1].map((classIndex) => ({ classIndex }) as DatasetItem);
    const table = createFeatureTable({ rows: 6, width: WIDTH, memoryBytes });
    for (let row = 0; row < 6; row++) table.write(row, rowOf(row));
    const examples = featureExamples(table, items, { views: 2 });
    const images = new Float32Array(2 * WIDTH);
    for (const [epoch, first] of [
      [1, 0],
      [2, 2],
      [3, 4],
      [4, 0],
    ] as const) {
      await examples.atEpoch?.(epoch).fill(Int32Array.of(1, 0), images);
      expect(images.subarray(0, WIDTH)).toEqual(rowOf(first + 1));
      expect(images.subarray(WIDTH)).toEqual(rowOf(first));
    }
    table.close();
  });
});

describe('a table in a file', () => {
  it('takes no memory, and leaves nothing behind even where it is not closed', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'fovea-test-'));
    try {
      const width = 2 ** 14;
      const rows = 2 ** 10;
      const before = process.memoryUsage().arrayBuffers;
      const table = createFeatureTable({ rows, width, memoryBytes: 2 ** 20, directory });
      const values = new Float32Array(width).fill(1);
      for (let row = 0; row < rows; row++) table.write(row, values);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
      expect(await readdir(directory)).toEqual([]);
      table.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('throws for a row that was never written', () => {
    const table = createFeatureTable({ rows: 2, width: WIDTH, memoryBytes: 0 });
    expect(() => table.read(1, new Float32Array(WIDTH))).toThrow(/never written/);
    table.close();
  });
});
