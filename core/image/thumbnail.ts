// Thumbnails of 9 × 8 pixels, which are enough to tell a picture's brightness and its near-duplicates.

/** Pixels in a row. There are eight steps from one to the next, one bit each of the hash. */
export const THUMBNAIL_WIDTH = 9;
/** Rows of pixels. */
export const THUMBNAIL_HEIGHT = 8;

/** Largest difference of values (of 255) in each channel of a flat picture. */
export const FLAT_LEVELS = 3;

/**
 * Whether pixels are of one plain color.
 * @param rgb Any number of pixels, RGB, 0 to 255.
 */
export function isFlatRgb(rgb: Uint8Array): boolean {
  const least = [255, 255, 255];
  const greatest = [0, 0, 0];
  for (let at = 0; at < rgb.length; at++) {
    const [channel, value] = [at % 3, rgb[at] as number];
    if (value < (least[channel] as number)) least[channel] = value;
    if (value > (greatest[channel] as number)) greatest[channel] = value;
  }
  return greatest.every((value, channel) => value - (least[channel] as number) <= FLAT_LEVELS);
}

/** Luma of sRGB values, 0 to 255: ITU-R 601, as Pillow turns pictures gray. */
const lumaAt = (thumbnail: Uint8Array, pixel: number): number =>
  0.299 * (thumbnail[3 * pixel] as number) +
  0.587 * (thumbnail[3 * pixel + 1] as number) +
  0.114 * (thumbnail[3 * pixel + 2] as number);

const lumas = (thumbnail: Uint8Array): Float64Array =>
  Float64Array.from({ length: THUMBNAIL_WIDTH * THUMBNAIL_HEIGHT }, (_, pixel) => lumaAt(thumbnail, pixel));

/**
 * Brightness of a picture: mean luma, 0 to 1.
 * @param thumbnail RGB of {@link THUMBNAIL_HEIGHT} × {@link THUMBNAIL_WIDTH} pixels, 0 to 255.
 */
export function brightnessOf(thumbnail: Uint8Array): number {
  const values = lumas(thumbnail);
  return values.reduce((total, value) => total + value, 0) / values.length / 255;
}

/** Contrast of a picture: standard deviation of luma, 0 to 127.5. Near 0 there is nothing to recognize. */
export function contrastOf(thumbnail: Uint8Array): number {
  const values = lumas(thumbnail);
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length);
}

/**
 * Computes a hash of which near-duplicates share nearly all bits: for each row, whether it gets brighter from one pixel to the next.
 * Known as dHash (Krawetz 2013, "Kind of Like That").
 * @returns four words of 16 bits, two rows each.
 */
export function differenceHash(thumbnail: Uint8Array): Uint16Array {
  const values = lumas(thumbnail);
  const words = new Uint16Array(4);
  for (let row = 0; row < THUMBNAIL_HEIGHT; row++) {
    for (let column = 0; column < THUMBNAIL_WIDTH - 1; column++) {
      const pixel = row * THUMBNAIL_WIDTH + column;
      const bit = (values[pixel + 1] as number) > (values[pixel] as number) ? 1 : 0;
      words[row >> 1] = ((words[row >> 1] as number) << 1) | bit;
    }
  }
  return words;
}

/** Number of bits in which two hashes differ, 0 to 64. */
export function hammingDistance(a: Uint16Array, b: Uint16Array): number {
  let distance = 0;
  for (let word = 0; word < a.length; word++) {
    for (let rest = (a[word] as number) ^ (b[word] as number); rest > 0; rest &= rest - 1) distance += 1;
  }
  return distance;
}

/** Mean absolute difference of two thumbnails' values, 0 to 255. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += Math.abs((a[i] as number) - (b[i] as number));
  return total / a.length;
}
