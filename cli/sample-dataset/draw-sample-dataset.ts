// Draws the sample dataset when it is needed, so that a demo needs no download. Does not know where files go.

import sharp from 'sharp';
import { drawPicture, PICTURE_SIZE } from './draw-picture.ts';
import { PATTERNS } from './patterns.ts';
import { createRandom } from './random.ts';

/** How many pictures are drawn, and from which seed. */
export interface SampleDatasetOptions {
  /** Default 100. */
  readonly imagesPerClass?: number;
  /** The same seed draws the same pixels. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Names of the class folders, in order. */
export const SAMPLE_CLASSES: readonly string[] = Object.keys(PATTERNS);

const DEFAULT_IMAGES_PER_CLASS = 100;
const INDEX_DIGITS = 3;
/** Spreads seeds and classes so far apart that no two pictures share random numbers. */
const SEED_STRIDE = 1_000_003;
const CLASS_STRIDE = 7919;

/**
 * Draws small PNG pictures of shapes and textures, a folder for each class.
 *
 * Colors, light, place, size and angle are random in the same way in all classes, so that only shapes tell them apart.
 * A picture depends on seed, class and index alone: asking for more keeps the first ones.
 *
 * @param writeFile Called for each picture, one after the other, with a path such as `star/star-001.png`.
 * @returns The number of pictures.
 */
export async function drawSampleDataset(
  writeFile: (path: string, bytes: Uint8Array) => Promise<unknown>,
  options: SampleDatasetOptions = {},
): Promise<number> {
  const { imagesPerClass = DEFAULT_IMAGES_PER_CLASS, seed = 0, signal } = options;
  let count = 0;
  for (const [classIndex, [label, pattern]] of Object.entries(PATTERNS).entries()) {
    for (let index = 1; index <= imagesPerClass; index++) {
      signal?.throwIfAborted();
      const random = createRandom(seed * SEED_STRIDE + (classIndex + 1) * CLASS_STRIDE * SEED_STRIDE + index);
      const bytes = await toPng(drawPicture(pattern(random), random));
      await writeFile(`${label}/${label}-${String(index).padStart(INDEX_DIGITS, '0')}.png`, bytes);
      count++;
    }
  }
  return count;
}

const toPng = (pixels: Uint8Array): Promise<Uint8Array> =>
  sharp(pixels, { raw: { width: PICTURE_SIZE, height: PICTURE_SIZE, channels: 3 } })
    .png()
    .toBuffer();
