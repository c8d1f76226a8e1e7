// Stores feature vectors of many pictures, row by row: a small table in memory, a large one in a file that only this process
// can open. Knows nothing of pictures and networks.

import { closeSync, readSync, writeSync } from 'node:fs';
import os from 'node:os';
import { fromHalves, toHalves } from '../../core/float16.ts';
import { openNameless } from '../../core/open-nameless.ts';
import { toDiskFull } from '../tensorflow/executor/disk-full.ts';

/** Tables up to this size stay in memory: 50,000 pictures of 1280 features. */
const MEMORY_BYTES = 256 * 2 ** 20;

/** Rows of feature vectors. */
export interface FeatureTable {
  /** Number of features in a row. */
  readonly width: number;
  /**
   * Writes one row.
   * @throws {FoveaError} `disk-full`.
   */
  write(row: number, values: Float32Array): void;
  /** Fills `target` with the rows from `row` on: exactly the bits that were written, except in half precision. */
  read(row: number, target: Float32Array): void;
  /** Frees the memory or the file. */
  close(): void;
}

/** The size of a table, and where it is stored. */
export interface FeatureTableOptions {
  readonly rows: number;
  readonly width: number;
  /** Whether values are stored in 16 bits; default: no. */
  readonly halfPrecision?: boolean;
  /** Size of the largest table that stays in memory; default: 256 MiB. */
  readonly memoryBytes?: number;
  /** The folder of the file; default: the system's folder for temporary files. */
  readonly directory?: string;
}

/** A table of float32 `[rows, width]`, zeros until written; the caller closes it. */
export function createFeatureTable(options: FeatureTableOptions): FeatureTable {
  const { rows, width, memoryBytes = MEMORY_BYTES, directory = os.tmpdir() } = options;
  if (options.halfPrecision === true) {
    const words = createFeatureTable({ rows, width: Math.ceil(width / 2), memoryBytes, directory });
    return inHalves(words, width);
  }
  const rowBytes = width * Float32Array.BYTES_PER_ELEMENT;
  return rows * rowBytes <= memoryBytes ? inMemory(rows, width) : inFile(width, directory);
}

/** Stores values in half precision. @param words a table whose values hold two halves each. */
function inHalves(words: FeatureTable, width: number): FeatureTable {
  const row = new Float32Array(words.width);
  const halves = new Uint16Array(row.buffer);
  return {
    width,
    write(index, values) {
      halves.set(toHalves(values));
      words.write(index, row);
    },
    read(index, target) {
      for (let at = 0; at < target.length; at += width) {
        words.read(index + at / width, row);
        target.set(fromHalves(halves.subarray(0, width)), at);
      }
    },
    close: () => words.close(),
  };
}

function inMemory(rows: number, width: number): FeatureTable {
  let values = new Float32Array(rows * width);
  return {
    width,
    write: (row, from) => values.set(from, row * width),
    read: (row, target) => target.set(values.subarray(row * width, row * width + target.length)),
    close() {
      values = new Float32Array();
    },
  };
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Reads and writes synchronously: the page cache gives a row within microseconds. */
function inFile(width: number, directory: string): FeatureTable {
  const file = openNameless(directory);
  const rowBytes = width * Float32Array.BYTES_PER_ELEMENT;
  return {
    width,
    write(row, values) {
      try {
        writeSync(file, bytesOf(values), 0, rowBytes, row * rowBytes);
      } catch (cause) {
        throw toDiskFull(cause, 'The features of the pictures', directory);
      }
    },
    read(row, target) {
      const read = readSync(file, bytesOf(target), 0, target.byteLength, row * rowBytes);
      if (read !== target.byteLength) throw new RangeError(`Rows from ${row} on were never written.`);
    },
    close: () => closeSync(file),
  };
}
