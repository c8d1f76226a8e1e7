// Whether every pixel of a picture can be decoded, without keeping any.

import { decodeBmp } from './decode-bmp.ts';
import { decodingError } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { firstLine, openImage } from './open-image.ts';
import { readImageHeader } from './read-image-header.ts';

/** Small, so that the pixels pass by row by row and only the decoder's own memory is needed. */
const SIDE = 16;

/**
 * Decodes a picture in full size and throws the pixels away. Stricter than decodeImage to a small size: what passes here
 * decodes to any size.
 *
 * @throws {FoveaError} As decodeImage.
 */
export async function verifyImage(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
): Promise<ImageHeader> {
  const header = await readImageHeader(bytes, limits);
  if (header.format === 'bmp') {
    decodeBmp(bytes);
    return header;
  }
  try {
    // With a color space set for the pipeline, libvips does not scale while it decodes, which may skip the last rows; and a kernel
    // that reads every row, unlike `nearest`.
    const whole = openImage(bytes, limits.maxPixels).pipelineColourspace('srgb');
    await whole.resize(SIDE, SIDE, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  } catch (error) {
    throw decodingError(header, firstLine(error), error);
  }
  return header;
}
