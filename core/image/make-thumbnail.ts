// Draws a small picture of a picture, for people to look at. It has none of the original's metadata.

import sharp from 'sharp';
import { decodeImage } from './decode-image.ts';

const QUALITY = 72;

/**
 * A square WebP of `side` pixels, the edges of the picture cut off.
 * @throws {FoveaError} As decodeImage.
 */
export async function makeThumbnail(bytes: Uint8Array, side: number): Promise<Buffer> {
  const size = { width: side, height: side, resize: 'cover' } as const;
  const { pixels, width, height, channels } = await decodeImage(bytes, { size });
  return sharp(pixels, { raw: { width, height, channels } }).webp({ quality: QUALITY }).toBuffer();
}
