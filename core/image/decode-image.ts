// Decodes pictures to pixels, for training and serving alike. Knows nothing of networks and classes.

import type { ResizeOptions, Sharp } from 'sharp';
import { enlargePixels, type RgbPixels } from './enlarge-pixels.ts';
import { decodingError } from './image-errors.ts';
import type { ImageFormat } from './image-format.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { DEFAULT_PADDING } from './model-input.ts';
import { narrowRangeOf } from './narrow-range.ts';
import { firstLine, openUpright } from './open-image.ts';
import { paintPadding } from './paint-padding.ts';
import { planResize, type ResizePlan, type TargetSize } from './plan-resize.ts';
import { readImageHeader } from './read-image-header.ts';
import { readRgb } from './read-rgb.ts';

/** Limits, channels and size of a decoded picture. */
export interface DecodeOptions {
  readonly limits?: ImageLimits;
  /** 3: RGB (default). 1: luma, 0.299 R + 0.587 G + 0.114 B (ITU-R 601), as Pillow and Keras turn pictures gray. */
  readonly channels?: 1 | 3;
  /** The size to which the picture is brought. Default: its own. JPEG and WebP are scaled in part while they are decoded. */
  readonly size?: TargetSize;
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

/**
 * The one resampling kernel: Catmull-Rom, widened when scaling down (no aliasing), pixel centers aligned. It is Pillow's
 * BICUBIC, with which most pretrained networks were evaluated, and rings less than Lanczos on small pictures.
 */
export const RESIZE_KERNEL = 'cubic';

/** What sharp adds; paintPadding gives it another color. */
const BACKGROUND = { r: 0, g: 0, b: 0 } as const;
const FIT = { stretch: 'fill', cover: 'cover', contain: 'contain' } as const;

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
  const { pixels, width, height } = await decodePixels(bytes, header, limits, options.size);
  options.signal?.throwIfAborted();
  const channels = options.channels ?? 3;
  return {
    pixels: channels === 3 ? pixels : toLuma(pixels),
    width,
    height,
    channels,
    format: header.format,
    originalWidth: header.width,
    originalHeight: header.height,
  };
}

async function decodePixels(
  bytes: Uint8Array,
  header: ImageHeader,
  limits: ImageLimits,
  size: TargetSize | undefined,
): Promise<RgbPixels> {
  // Outside the try below: its errors are typed already.
  const source = await openUpright(bytes, header, limits);
  const plan = size === undefined ? undefined : planResize(header, size);
  let decoded: RgbPixels;
  try {
    const range = await narrowRangeOf(bytes, header, limits);
    const resized = size === undefined || plan === undefined ? source : shrink(source, header, size, plan);
    decoded = await readRgb(resized, range);
  } catch (error) {
    throw decodingError(header, firstLine(error), error);
  }
  if (size === undefined || plan === undefined) return decoded;
  const { scaled, window } = plan;
  const pixels = plan.enlarges ? enlargePixels(decoded, scaled, window) : decoded.pixels;
  paintPadding(pixels, scaled, window, size.padding ?? DEFAULT_PADDING);
  return { pixels, width: window.width, height: window.height };
}

/** Scales a picture down to the target size, or as far as possible without scaling up. */
function shrink(source: Sharp, header: ImageHeader, size: TargetSize, plan: ResizePlan): Sharp {
  const isCropped = size.resize === 'cover' && (size.crop ?? 1) < 1;
  if (!plan.enlarges && !isCropped) return source.resize(size.width, size.height, resizeOptions(size));
  const width = Math.min(plan.scaled.width, header.width);
  const height = Math.min(plan.scaled.height, header.height);
  const whole = source.resize(width, height, resizeOptions({ resize: 'stretch' }));
  return plan.enlarges ? whole : whole.extract(plan.window);
}

const resizeOptions = ({ resize }: Pick<TargetSize, 'resize'>): ResizeOptions => ({
  fit: FIT[resize],
  kernel: RESIZE_KERNEL,
  background: BACKGROUND,
  // The decoder may still halve a picture while it decodes, but only where the kernel has enough left to work on:
  // measured against the exact result, the error falls to a half (JPEG) or a tenth (WebP) for a millisecond.
  fastShrinkOnLoad: false,
});

/** Luma of RGB pixels. It is computed in integers, so that a gray picture keeps its values. */
function toLuma(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < luma.length; i++, at += 3) {
    const sum = 299 * (rgb[at] ?? 0) + 587 * (rgb[at + 1] ?? 0) + 114 * (rgb[at + 2] ?? 0);
    luma[i] = Math.floor((sum + 500) / 1000);
  }
  return luma;
}
