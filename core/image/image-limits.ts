// Limits of pictures, which are checked by their headers before any pixel is decoded.

import {
  imageEmpty,
  imageTooLarge,
  imageTooManyFrames,
  imageTooManyPixels,
  imageZeroSize,
} from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';

/** Limits of one picture. */
export interface ImageLimits {
  /** Size of the encoded file. */
  readonly maxBytes: number;
  /** Width × height of one frame, before any scaling; see {@link maxPixelsOf}. */
  readonly maxPixels: number;
  /** Frames of an animation or pages of a TIFF, although only the first is decoded: their directory is read. */
  readonly maxFrames: number;
}

/**
 * The default limits: 20 MB, and 50 megapixels, or 200 for a baseline JPEG. They allow the pictures of the largest phone cameras, and
 * keep a process that decodes one picture to a network's input under 512 MB. Measured at the limits: 488 MB for WebP, 484 for AVIF,
 * 386 for progressive JPEG, 170 for baseline JPEG.
 */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  maxBytes: 20_000_000,
  maxPixels: 50_000_000,
  maxFrames: 1000,
};

/** An AVIF decoder keeps several planes of the whole picture: 19 to 28 bytes a pixel were measured. */
const AVIF_WEIGHT = 3;
/** A HEIC picture is held as YCbCr and as RGB, by libheif and by sharp: up to 15 bytes a pixel were measured, 428 MB at 24.5 megapixels. */
const HEIC_WEIGHT = 2;
/** HEIC of 10 or 12 bits takes twice as much of libheif. */
const DEEP_HEIC_WEIGHT = 3;
/** Progressive CMYK is decoded as a whole, and so are 16-bit colors, to find their range; they take up to 8 bytes a pixel. */
const WIDE_WHOLE_WEIGHT = 2;
const WIDE_BYTES_PER_PIXEL = 5;
/** A baseline JPEG is decoded row by row, and scaled meanwhile. Phones write up to 200 megapixels. */
const STREAMED_WEIGHT = 1 / 4;

/** Weight of a pixel of this picture, by the memory that its decoder needs. */
function pixelWeight(header: ImageHeader): number {
  if (header.format === 'avif') return AVIF_WEIGHT;
  if (header.format === 'heic') {
    return header.bytesPerPixel >= WIDE_BYTES_PER_PIXEL ? DEEP_HEIC_WEIGHT : HEIC_WEIGHT;
  }
  const heldWhole = header.progressive || header.format === 'tiff' || header.deepChannels > 0;
  if (heldWhole && header.bytesPerPixel >= WIDE_BYTES_PER_PIXEL) return WIDE_WHOLE_WEIGHT;
  // What XMP turns is turned as a whole, before it is scaled.
  return header.format === 'jpeg' && !heldWhole && header.xmpOrientation === 1 ? STREAMED_WEIGHT : 1;
}

/** Number of pixels that a picture of this kind may have. */
export const maxPixelsOf = (header: ImageHeader, { maxPixels }: Pick<ImageLimits, 'maxPixels'>): number =>
  Math.floor(maxPixels / pixelWeight(header));

/**
 * Checks the size of an encoded picture.
 * @throws {FoveaError} `image-empty` or `image-too-large`.
 */
export function checkByteLimit(sizeBytes: number, limits: ImageLimits): void {
  if (sizeBytes === 0) throw imageEmpty();
  if (sizeBytes > limits.maxBytes) throw imageTooLarge(sizeBytes, limits.maxBytes);
}

/**
 * Checks the number of pixels.
 * @param kind names the kind of picture in the message.
 * @throws {FoveaError} `image-zero-size` or `image-too-many-pixels`.
 */
export function checkPixelLimit(
  format: string,
  size: { readonly width: number; readonly height: number },
  maxPixels: number,
  kind = 'a picture',
): void {
  if (!(size.width >= 1 && size.height >= 1)) throw imageZeroSize(format, size.width, size.height);
  if (size.width * size.height > maxPixels) throw imageTooManyPixels(size, maxPixels, kind);
}

/**
 * Checks everything that a header tells.
 * @throws {FoveaError} `image-zero-size`, `image-too-many-pixels` or `image-too-many-frames`.
 */
export function checkHeaderLimits(header: ImageHeader, limits: ImageLimits): void {
  const maxPixels = maxPixelsOf(header, limits);
  const kind =
    maxPixels >= limits.maxPixels
      ? 'a picture'
      : `a picture of this kind (${header.kind}), which takes much memory to decode,`;
  checkPixelLimit(header.format, header, maxPixels, kind);
  if (header.frames > limits.maxFrames) throw imageTooManyFrames(header.frames, limits.maxFrames);
}
