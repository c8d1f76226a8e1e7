// Datasets in a memory store: each picture is a tiny PNG of a color of its own.

import sharp from 'sharp';
import { uniformAt } from '../../core/random.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** A PNG of 4 × 4 pixels, plain but for one of them; different numbers give different bytes. */
export function makePicture(index: number): Promise<Uint8Array> {
  const color = [index & 255, (index >> 8) & 255, (index >> 16) & 255];
  const pixels = Uint8Array.from({ length: 4 * 4 * 3 }, (_, at) => color[at % 3] as number);
  // Just enough not to be flat.
  pixels[2] = (pixels[2] as number) ^ 8;
  return sharp(pixels, { raw: { width: 4, height: 4, channels: 3 } })
    .png()
    .toBuffer();
}

/** A PNG of one gray value, 0 to 255, as large as wished. */
export const makePlain = (value: number, size: number): Promise<Uint8Array> =>
  sharp({ create: { width: size, height: size, channels: 3, background: { r: value, g: value, b: value } } })
    .png()
    .toBuffer();

const PATTERN_CELLS = 6;
const PATTERN_SIZE = 96;

/** A picture of random colored squares; different seeds look different, and one looks the same in both formats. */
export function makePattern(
  seed: number,
  format: 'png' | 'jpeg' = 'png',
  size = PATTERN_SIZE,
): Promise<Uint8Array> {
  const cells = Uint8Array.from({ length: PATTERN_CELLS ** 2 * 3 }, (_, i) => 255 * uniformAt(seed, i));
  return sharp(cells, { raw: { width: PATTERN_CELLS, height: PATTERN_CELLS, channels: 3 } })
    .resize(size, size, { kernel: 'nearest' })
    .toFormat(format)
    .toBuffer();
}

/** Pictures `<folder>/1.png` … for each folder and count; no two alike. */
export async function makePictures(
  counts: Readonly<Record<string, number>>,
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  let index = 0;
  for (const [folder, count] of Object.entries(counts)) {
    for (let i = 1; i <= count; i++) files[`${folder}/${i}.png`] = await makePicture(index++);
  }
  return files;
}

/** A store with one dataset, named `pets`. */
export async function storeOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<ObjectStore> {
  const store = createMemoryStore();
  for (const [path, body] of Object.entries(files)) await store.put(`${keys.dataset('pets')}${path}`, body);
  return store;
}
