// Whether every pixel of a picture can be decoded, without keeping more of it than a thumbnail.

import { decodingError } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { narrowRangeOf } from './narrow-range.ts';
import { firstLine, openUpright } from './open-image.ts';
import { readImageHeader } from './read-image-header.ts';
import { readRgb } from './read-rgb.ts';
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
  const whole = await openUpright(bytes, header, limits);
  try {
    const range = await narrowRangeOf(bytes, header, limits);
    // With a color space set for the pipeline, libvips does not scale while it decodes, which may skip the last rows; and a kernel
    // that reads every row, unlike `nearest`.
    const thumbnail = whole
      .pipelineColourspace(range === undefined ? 'srgb' : 'rgb16')
      .resize(THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, { fit: 'fill', kernel: 'linear' });
    return { ...header, thumbnail: (await readRgb(thumbnail, range)).pixels };
  } catch (error) {
    throw decodingError(header, firstLine(error), error);
  }
}
