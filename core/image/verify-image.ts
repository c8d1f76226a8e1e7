// Whether every pixel of a picture can be decoded, without keeping more of it than a thumbnail.

import { decodeBmp } from './decode-bmp.ts';
import { ALPHA_BACKGROUND } from './decode-image.ts';
import { decodingError } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { firstLine, openImage, openPixels } from './open-image.ts';
import { readImageHeader } from './read-image-header.ts';
import { THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from './thumbnail.ts';

export interface VerifiedImage extends ImageHeader {
  /** See thumbnail.ts. */
  readonly thumbnail: Uint8Array;
}

/**
 * Decodes a picture in full size and keeps a tiny thumbnail: the pixels pass by row by row, and only the decoder's own
 * memory is needed. Stricter than decodeImage to a small size: what passes here
 * decodes to any size.
 *
 * @throws {FoveaError} As decodeImage.
 */
export async function verifyImage(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
): Promise<VerifiedImage> {
  const header = await readImageHeader(bytes, limits);
  // Outside the try below: its errors are typed already.
  const bitmap = header.format === 'bmp' ? decodeBmp(bytes) : undefined;
  try {
    const whole =
      bitmap === undefined ? openImage(bytes, limits.maxPixels) : openPixels(bitmap.pixels, bitmap);
    // With a color space set for the pipeline, libvips does not scale while it decodes, which may skip the last rows; and a kernel
    // that reads every row, unlike `nearest`.
    const thumbnail = await whole
      .pipelineColourspace('srgb')
      .flatten({ background: ALPHA_BACKGROUND })
      .resize(THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, { fit: 'fill', kernel: 'linear' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer();
    return { ...header, thumbnail: new Uint8Array(thumbnail) };
  } catch (error) {
    throw decodingError(header, firstLine(error), error);
  }
}
