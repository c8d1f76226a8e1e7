// Datasets in a memory store: each picture is a tiny PNG of a color of its own.

import sharp from 'sharp';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** A PNG of 4 × 4 pixels; different numbers give different bytes. */
export const makePicture = (index: number): Promise<Uint8Array> =>
  sharp({
    create: {
      width: 4,
      height: 4,
      channels: 3,
      background: { r: index & 255, g: (index >> 8) & 255, b: (index >> 16) & 255 },
    },
  })
    .png()
    .toBuffer();

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
