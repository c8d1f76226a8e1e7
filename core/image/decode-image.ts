// Decodes pictures to pixels, for training and serving alike. Knows nothing of networks and classes.

import type { Sharp } from 'sharp';
import type { RgbPixels } from './enlarge-pixels.ts';
import { decodingError } from './image-errors.ts';
import type { ImageFormat } from './image-format.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { DECODING_VERSION, type Decoding } from './model-input.ts';
import { narrowRangeOf } from './narrow-range.ts';
import { openUpright, reasonOf } from './open-image.ts';
import type { TargetSize } from './plan-resize.ts';
import { readImageHeader } from './read-image-header.ts';
import { readRgb } from './read-rgb.ts';
import type { Scale, ScaleRequest } from './scale.ts';
import { scaleAsPillow } from './scale-as-pillow.ts';
import { scaleByLibvips } from './scale-by-libvips.ts';

/** Limits, channels and size of a decoded picture. */
export interface DecodeOptions {
  readonly limits?: ImageLimits;
  /** 3: RGB (default). 1: luma, 0.299 R + 0.587 G + 0.114 B (ITU-R 601), as Pillow and Keras turn pictures gray. */
  readonly channels?: 1 | 3;
  /** The size to which the picture is brought. Default: its own. */
  readonly size?: TargetSize;
  /** How it is brought there. Default: the latest version. */
  readonly decoding?: Decoding;
  readonly signal?: AbortSignal;
}

/** The pixels of a picture, and its original format and size. */
export interface DecodedImage {
  /** `[height, width, channels]`, 0..255, sRGB. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly format: ImageFormat;
  /** Width of the upright picture before resizing. */
  readonly originalWidth: number;
  readonly originalHeight: number;
}

/** What each version of decoding does with a picture that is brought to a size. */
const SCALES: Readonly<Record<Decoding, Scale>> = { 2: scaleByLibvips, 3: scaleAsPillow };

/**
 * Decodes a picture to 8-bit sRGB (or luma) and brings it to a size.
 *
 * The orientation of EXIF, or else of XMP, is applied. CMYK and embedded color profiles become sRGB. 16 bits become 8; a range below
 * a sixteenth of 16 bits is stretched. Transparency is laid on white, and of an animation the first frame is taken. The same bytes and
 * options give the same pixels with the same libvips. With a `size`, memory stays under 512 MB within the default limits; without
 * one, the pixels come on top, 3 bytes each.
 *
 * @throws {FoveaError} Those of readImageHeader; `image-corrupt` also for a truncated file or a wrong checksum. (A JPEG
 * cut within its last 16 rows may pass where it is scaled to an eighth, which does not use them.)
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage> {
  const limits = options.limits ?? DEFAULT_IMAGE_LIMITS;
  const header = await readImageHeader(bytes, limits);
  options.signal?.throwIfAborted();
  const source = await openUpright(bytes, header, limits);
  const read = async (picture: Sharp) => {
    try {
      return await readRgb(picture, await narrowRangeOf(bytes, header, limits));
    } catch (error) {
      throw decodingError(header, reasonOf(error, header.format), error);
    }
  };
  const { size, channels = 3, decoding = DECODING_VERSION } = options;
  const decoded = await decodePixels(source, { header, read, isGray: channels === 1, size, decoding });
  options.signal?.throwIfAborted();
  return {
    ...decoded,
    channels,
    format: header.format,
    originalWidth: header.width,
    originalHeight: header.height,
  };
}

async function decodePixels(
  source: Sharp,
  {
    size: asked,
    decoding,
    ...request
  }: Omit<ScaleRequest, 'size'> & { readonly size: TargetSize | undefined; readonly decoding: Decoding },
): Promise<RgbPixels> {
  const { header, isGray, read } = request;
  if (asked === undefined && !isGray) return read(source);
  const size: TargetSize = asked ?? { width: header.width, height: header.height, resize: 'stretch' };
  const pixels = await SCALES[decoding](source, { ...request, size });
  return { pixels, width: size.width, height: size.height };
}
