// Feature vectors of many pictures, row by row: in memory while they are few, in a file of this process alone where they
// are many. Knows nothing of pictures and networks.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FoveaError } from '../../core/errors/errors.ts';
import { fromHalves, toHalves } from '../../core/float16.ts';

/** Tables up to this size stay in memory: 50,000 pictures of 1280 features. */
const MEMORY_BYTES = 256 * 2 ** 20;

/** Of the disk, or of a quota on it. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

export interface FeatureTable {
  /** Features of a row. */
  readonly width: number;
  /**
   * Writes one row.
   * @throws {FoveaError} `disk-full`.
   */
  write(row: number, values: Float32Array): void;
  /** Copies one row, with the very bits that were written unless in half precision, into `target`. */
  read(row: number, target: Float32Array): void;
  /** Gives memory or file back. */
  close(): void;
}

export interface FeatureTableOptions {
  readonly rows: number;
  readonly width: number;
  /** Whether values are kept in 16 bits. */
  readonly halfPrecision?: boolean;
  readonly memoryBytes?: number;
  /** Where the file lies; the system's folder for temporary files where it is left out. */
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

/** @param words A table whose values have room for two halves each. */
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
      words.read(index, row);
      target.set(fromHalves(halves.subarray(0, width)));
    },
    close: () => words.close(),
  };
}

function inMemory(rows: number, width: number): FeatureTable {
  let values = new Float32Array(rows * width);
  return {
    width,
    write: (row, from) => values.set(from, row * width),
    read: (row, target) => target.set(values.subarray(row * width, (row + 1) * width)),
    close() {
      values = new Float32Array();
    },
  };
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Read and written at once, not in turns with other work: a row comes from the page cache within microseconds. */
function inFile(width: number, directory: string): FeatureTable {
  const folder = mkdtempSync(path.join(directory, 'fovea-features-'));
  const file = openSync(path.join(folder, 'rows'), 'w+', 0o600);
  // Without a name it is gone with the process, however that ends.
  rmSync(folder, { recursive: true });
  const rowBytes = width * Float32Array.BYTES_PER_ELEMENT;
  return {
    width,
    write(row, values) {
      try {
        writeSync(file, bytesOf(values), 0, rowBytes, row * rowBytes);
      } catch (cause) {
        if (!FULL.has((cause as NodeJS.ErrnoException).code)) throw cause;
        throw new FoveaError(
          'disk-full',
          `The features of the pictures do not fit into the temporary folder "${directory}". Free some space there, or set TMPDIR.`,
          { cause },
        );
      }
    },
    read(row, target) {
      const read = readSync(file, bytesOf(target), 0, rowBytes, row * rowBytes);
      if (read !== rowBytes) throw new RangeError(`Row ${row} was never written.`);
    },
    close: () => closeSync(file),
  };
}
