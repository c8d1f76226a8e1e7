// Hundreds of thousands of tiny pictures in a folder, as somebody might copy them there: most are good, a few are copies
// of others and a few are broken.

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { uniformAt } from '../../core/random.ts';

const SIZE = 16;
const CELLS = 4;
const CHANNELS = 3;
/** What a class adds to the cell that it is known by. */
const SIGNAL = 130;
/** Every so many pictures one is a copy of the picture before, and one is cut off. */
const COPY_EVERY = 1000;
const BROKEN_EVERY = 10_000;
const CUT_BYTES = 30;
const CONCURRENCY = 16;

const isCopy = (index: number) => index % COPY_EVERY === COPY_EVERY - 1;
const isBroken = (index: number) => index % BROKEN_EVERY === 0;

/** What of so many pictures is a copy, and what is broken. */
export const findingsOf = (count: number) => ({
  copies: Math.floor(count / COPY_EVERY),
  broken: Math.ceil(count / BROKEN_EVERY),
});

/** Squares of random colors; of each class another one is bright. */
function drawPicture(index: number, classIndex: number): Promise<Buffer> {
  const cells = Uint8Array.from({ length: CELLS ** 2 * CHANNELS }, (_, i) => {
    const isBright = Math.floor(i / CHANNELS) === classIndex;
    return (255 - SIGNAL) * uniformAt(index, i) + (isBright ? SIGNAL : 0);
  });
  return sharp(cells, { raw: { width: CELLS, height: CELLS, channels: CHANNELS } })
    .resize(SIZE, SIZE, { kernel: 'nearest' })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Writes `count` pictures as `<folder>/class-<n>/<index>.png`; at most 16 classes. Blocks that are there already are kept. */
export async function writeTinyPictures(
  folder: string,
  { count, classes }: { readonly count: number; readonly classes: number },
): Promise<void> {
  const folderOf = (classIndex: number) => path.join(folder, `class-${classIndex}`);
  for (let c = 0; c < classes; c++) await mkdir(folderOf(c), { recursive: true });
  const blocks = Array.from({ length: Math.ceil(count / COPY_EVERY) }, (_, block) => block * COPY_EVERY);
  await forEachConcurrent(blocks, CONCURRENCY, async (start) => {
    // A block is of one class, so that a copy is in the class of its original.
    const classIndex = (start / COPY_EVERY) % classes;
    const end = Math.min(count, start + COPY_EVERY);
    const fileOf = (index: number) => path.join(folderOf(classIndex), `${index}.png`);
    if (existsSync(fileOf(end - 1))) return;
    for (let index = start; index < end; index++) {
      const picture = await drawPicture(isCopy(index) ? index - 1 : index, classIndex);
      await writeFile(
        fileOf(index),
        isBroken(index) ? picture.subarray(0, picture.byteLength - CUT_BYTES) : picture,
      );
    }
  });
}
