// The last step of decoding: turns a picture of any color space and depth into RGB of 8 bits.

import type { Sharp } from 'sharp';
import type { RgbPixels } from './enlarge-pixels.ts';
import { type SampleRange, stretchRange } from './narrow-range.ts';

/** The background of transparent pictures: white, for which cut-out pictures are made. */
export const ALPHA_BACKGROUND = { r: 255, g: 255, b: 255 } as const;

/**
 * Reads the pixels of an opened picture.
 * @param range The range of a 16-bit picture whose values lie close together, from narrowRangeOf.
 */
export async function readRgb(source: Sharp, range?: SampleRange): Promise<RgbPixels> {
  const flat = source.flatten({ background: ALPHA_BACKGROUND }).removeAlpha();
  const raw =
    range === undefined
      ? flat.toColourspace('srgb').raw()
      : flat.toColourspace('rgb16').raw({ depth: 'ushort' });
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels came out of the decoder instead of 3`);
  // A plain array: a Buffer's slice and subarray differ from it.
  const pixels =
    range === undefined
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : stretchRange(new Uint16Array(Uint8Array.from(data).buffer), range);
  return { pixels, width: info.width, height: info.height };
}
