// Checks that every pixel of a picture can be decoded. Keeps only a thumbnail.

import type { Sharp } from 'sharp';
import { decodingError } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { narrowRangeOf } from './narrow-range.ts';
import { openUpright, reasonOf } from './open-image.ts';
import { readImageHeader } from './read-image-header.ts';
import { readRgb } from './read-rgb.ts';
import { isFlatRgb, THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from './thumbnail.ts';

/** A picture that was decoded as a whole. */
export interface VerifiedImage extends ImageHeader {
  /** RGB pixels, see thumbnail.ts. */
  readonly thumbnail: Uint8Array;
  /** Whether the picture is of one plain color. */
  readonly isFlat: boolean;
}

/** Pixels a side at which a picture that seems plain is looked at again. A network would not see smaller details. */
const FLAT_SIDE = 256;

/**
 * Decodes a picture in full size and keeps a thumbnail. Pixels are decoded row by row, in the decoder's own memory. This is stricter
 * than decodeImage to a small size: a picture that passes can be decoded to any size.
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
    const readAt = async (image: Sharp, width: number, height: number) => {
      const small = image
        .pipelineColourspace(range === undefined ? 'srgb' : 'rgb16')
        .resize(width, height, { fit: 'fill', kernel: 'linear' });
      return (await readRgb(small, range)).pixels;
    };
    const thumbnail = await readAt(whole, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT);
    const [width, height] = [Math.min(header.width, FLAT_SIDE), Math.min(header.height, FLAT_SIDE)];
    const isFlat =
      isFlatRgb(thumbnail) &&
      isFlatRgb(await readAt(await openUpright(bytes, header, limits), width, height));
    return { ...header, thumbnail, isFlat };
  } catch (error) {
    throw decodingError(header, reasonOf(error, header.format), error);
  }
}
