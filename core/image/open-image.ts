// Opens pictures with sharp (libvips), with the project's settings. Nothing else does. Knows nothing of limits or networks.

import sharp, { type Sharp } from 'sharp';
import { decodeBmp } from './decode-bmp.ts';
import { decodeHeic } from './decode-heic.ts';
import type { ImageFormat } from './image-format.ts';
import type { ImageHeader } from './image-header.ts';
import { type ImageLimits, maxPixelsOf } from './image-limits.ts';
import { turnUpright } from './xmp-orientation.ts';

let configured = false;

/** Configures sharp on first use, since importing a file must change nothing. */
function configure(): void {
  if (configured) return;
  // Each input is a buffer of its own, so libvips's cache of operations would keep memory and never hit.
  sharp.cache(false);
  configured = true;
}

/**
 * Opens encoded bytes, first frame only, without decoding yet.
 *
 * `failOn: 'error'` refuses truncated files and wrong checksums, since half a picture would silently train and predict wrong things.
 * It accepts what every viewer accepts, such as stray bytes between JPEG segments.
 *
 * @param limitInputPixels A limit besides the checks of image-limits.ts, or `false` to read a header of any size.
 */
export function openImage(bytes: Uint8Array, limitInputPixels: number | false): Sharp {
  configure();
  return sharp(bytes, {
    failOn: 'error',
    sequentialRead: true,
    autoOrient: true,
    limitInputPixels,
  });
}

/**
 * Opens a picture of any supported format for decoding, upright.
 *
 * @throws {FoveaError} As decodeBmp and decodeHeic. Pictures of other formats are decoded later.
 */
export async function openUpright(
  bytes: Uint8Array,
  header: ImageHeader,
  limits: ImageLimits,
): Promise<Sharp> {
  if (header.format === 'bmp') {
    const bitmap = await decodeBmp(bytes);
    return openPixels(bitmap.pixels, bitmap);
  }
  if (header.format === 'heic') {
    const { icc } = await openImage(bytes, false).metadata();
    return openImage(await decodeHeic(bytes, header, icc), false);
  }
  return turnUpright(openImage(bytes, maxPixelsOf(header, limits)), header.xmpOrientation);
}

/** Opens decoded pixels: 8-bit RGB or RGBA, row by row. */
export function openPixels(
  pixels: Uint8Array,
  size: { width: number; height: number; channels: 3 | 4 },
): Sharp {
  configure();
  return sharp(pixels, { raw: size });
}

/** What libvips's own words for the loader of a format have. */
const LOADERS: Readonly<Record<ImageFormat, RegExp>> = {
  jpeg: /jpe?g/i,
  png: /png/i,
  webp: /webp/i,
  gif: /gif/i,
  tiff: /tiff/i,
  avif: /heif/i,
  heic: /heif/i,
  bmp: /bmp/i,
};

/**
 * What libvips says of a picture that it cannot decode, for messages. Its buffer of errors is that of all threads: lines of other
 * formats are of other pictures, and where another thread has taken the lines of this one, there are none.
 */
export function reasonOf(error: unknown, format: ImageFormat): string {
  const isOfAnother = (line: string) => {
    const [loader = ''] = line.split(':');
    return !LOADERS[format].test(loader) && Object.values(LOADERS).some((other) => other.test(loader));
  };
  const message = error instanceof Error ? error.message : String(error);
  const lines = message
    .split('\n')
    .map((line) => line.replace(/^Input buffer has corrupt header:/, '').trim())
    .filter((line) => line !== '' && line !== 'Unknown error' && !isOfAnother(line));
  return lines[0] ?? 'its data cannot be read';
}
