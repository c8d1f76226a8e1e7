// Reads the header of a picture (format, size, frames, kind) and applies the limits. Decodes no pixels.

import type { Metadata } from 'sharp';
import { checkTiffKind } from './check-tiff-kind.ts';
import { imageKindUnsupported, imageUnreadable, imageUnsupported, imageZeroSize } from './image-errors.ts';
import { type ImageFormat, sniffFormat } from './image-format.ts';
import type { ImageHeader } from './image-header.ts';
import {
  checkByteLimit,
  checkHeaderLimits,
  checkPixelLimit,
  DEFAULT_IMAGE_LIMITS,
  type ImageLimits,
} from './image-limits.ts';
import { openImage, reasonOf } from './open-image.ts';
import { readBmpHeader } from './read-bmp-header.ts';
import { readJpegHeader } from './read-jpeg-header.ts';
import { readTiffTags } from './read-tiff-tags.ts';
import { type Orientation, orientationOfXmp, swapsSides } from './xmp-orientation.ts';

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  double: 8,
};

/**
 * Width and height at their fixed places in PNG and GIF; `undefined` for other formats. By them, a picture of absurd size is refused
 * for its size even where the decoder would only report the rest as damaged.
 */
function fixedSize(bytes: Uint8Array, format: ImageFormat): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'png' && bytes.length >= 24)
    return { width: view.getUint32(16), height: view.getUint32(20) };
  if (format === 'gif' && bytes.length >= 10)
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return undefined;
}

/** The codecs of the formats in HEIF's container, by sharp's names. */
const HEIF_CODECS = { avif: 'av1', heic: 'hevc' } as const;

const isHeif = (format: ImageFormat): format is keyof typeof HEIF_CODECS => format in HEIF_CODECS;

function toHeader(bytes: Uint8Array, format: ImageFormat, metadata: Metadata): ImageHeader {
  const progressive = metadata.isProgressive === true;
  const sampleBytes = SAMPLE_BYTES[metadata.depth ?? 'uchar'] ?? 1;
  const words = [progressive ? 'progressive' : '', sampleBytes > 1 ? `${sampleBytes * 8}-bit` : ''];
  if (metadata.space === 'cmyk') words.push('CMYK');
  const xmpOrientation = orientationBeside(bytes, format, metadata);
  const { width, height } = metadata.autoOrient;
  // libheif gives 8 bits of HEIC: 10 and 12 are stored, over their whole range.
  const isDeep = format !== 'heic' && (metadata.space === 'grey16' || metadata.space === 'rgb16');
  return {
    format,
    kind: [...words, format.toUpperCase()].filter(Boolean).join(' '),
    ...(swapsSides(xmpOrientation) ? { width: height, height: width } : { width, height }),
    frames: metadata.pages ?? 1,
    progressive,
    bytesPerPixel: metadata.channels * sampleBytes,
    deepChannels: isDeep ? metadata.channels - (metadata.hasAlpha ? 1 : 0) : 0,
    xmpOrientation,
  };
}

/** The orientation in XMP, where EXIF has none. In AVIF and HEIC, only properties of the container turn a picture (ISO/IEC 23008-12). */
function orientationBeside(
  bytes: Uint8Array,
  format: ImageFormat,
  { orientation, xmp }: Metadata,
): Orientation {
  // For a TIFF without the tag the decoder tells 1, the tag's default.
  const own = format === 'tiff' ? readTiffTags(bytes)?.orientation : orientation;
  return isHeif(format) || own !== undefined ? 1 : orientationOfXmp(xmp);
}

async function readHeader(bytes: Uint8Array, format: ImageFormat, maxPixels: number): Promise<ImageHeader> {
  if (format === 'bmp') return readBmpHeader(bytes);
  const read = format === 'jpeg' ? readJpegHeader(bytes) : undefined;
  if (read !== undefined) return read;
  const fixed = fixedSize(bytes, format);
  // The canvas of a GIF may be of size zero, if its frames have sizes; so zero is not refused yet.
  if (fixed !== undefined && fixed.width * fixed.height > 0) checkPixelLimit(format, fixed, maxPixels);
  if (format === 'tiff') checkTiffKind(bytes);
  let metadata: Metadata;
  try {
    metadata = await openImage(bytes, false).metadata();
  } catch (error) {
    if (fixed !== undefined && fixed.width * fixed.height === 0) {
      throw imageZeroSize(format, fixed.width, fixed.height);
    }
    throw imageUnreadable(format, reasonOf(error, format), error);
  }
  if (isHeif(format) && metadata.compression !== HEIF_CODECS[format]) {
    throw imageKindUnsupported(`A HEIF picture compressed by ${metadata.compression ?? 'an unknown codec'}`);
  }
  // The decoder found another format than the first bytes announce: the file was made to be read in two ways.
  if (metadata.format !== (isHeif(format) ? 'heif' : format)) throw imageUnsupported(bytes);
  return toHeader(bytes, format, metadata);
}

/**
 * Reads a picture's header and applies the limits; decodes no pixels.
 *
 * @throws {FoveaError} `image-empty`, `image-too-large`, `image-unsupported`, `image-corrupt`, `image-zero-size`,
 * `image-too-many-pixels` or `image-too-many-frames`; never another error for whatever bytes.
 */
export async function readImageHeader(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
): Promise<ImageHeader> {
  checkByteLimit(bytes.length, limits);
  const format = sniffFormat(bytes);
  if (format === undefined) throw imageUnsupported(bytes);
  const header = await readHeader(bytes, format, limits.maxPixels);
  checkHeaderLimits(header, limits);
  return header;
}
