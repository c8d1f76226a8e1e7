// Reads MNIST as its authors distribute it: four gzipped files in the idx format.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Pictures of digits and their labels. */
export interface LabelledDigits {
  /** Float32 `[count, 28, 28, 1]`, 0 (background) to 1. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Magic numbers: unsigned bytes, in 3 dimensions and in 1. */
const IMAGES_MAGIC = 0x803;
const LABELS_MAGIC = 0x801;
const HEADER_BYTES = { [IMAGES_MAGIC]: 16, [LABELS_MAGIC]: 8 } as const;

/** Reads `<name>-images-idx3-ubyte.gz` and `<name>-labels-idx1-ubyte.gz`; `name` is `train` or `t10k`. */
export async function readDigits(folder: string, name: 'train' | 't10k'): Promise<LabelledDigits> {
  const images = await readIdx(path.join(folder, `${name}-images-idx3-ubyte.gz`), IMAGES_MAGIC);
  const labels = await readIdx(path.join(folder, `${name}-labels-idx1-ubyte.gz`), LABELS_MAGIC);
  return { images: Float32Array.from(images, (value) => value / 255), labels: Int32Array.from(labels) };
}

async function readIdx(file: string, magic: keyof typeof HEADER_BYTES): Promise<Uint8Array> {
  const packed = await readFile(file).catch((error: unknown) => {
    throw new Error(
      `"${file}" cannot be read. Put the four files of MNIST, train- and t10k-, images-idx3-ubyte.gz and ` +
        'labels-idx1-ubyte.gz, into one folder and name it with --data.',
      { cause: error },
    );
  });
  const bytes = await promisify(gunzip)(packed);
  const found = bytes.readUInt32BE(0);
  if (found !== magic)
    throw new Error(
      `"${file}" starts with the number ${found}; an idx file of this kind starts with ${magic}.`,
    );
  return bytes.subarray(HEADER_BYTES[magic]);
}
