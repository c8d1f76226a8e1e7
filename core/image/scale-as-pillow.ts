// Version 3 of decoding: pictures are decoded in full size and scaled as Pillow does. Only those that become much smaller are reduced by
// libvips first. Knows nothing of networks.

import type { Sharp } from 'sharp';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_PADDING } from './model-input.ts';
import { planResize, type ResizePlan } from './plan-resize.ts';
import { resamplePixels } from './resample-pixels.ts';
import type { Scale } from './scale.ts';

/**
 * How much larger than the result a picture stays that libvips reduces. Measured on 12 megapixels to 256 pixels, the result then differs
 * from that of the full size by 0.24 levels on average; at 2 by 0.8, and Pillow's own `draft` by 1.8.
 */
const REDUCING_GAP = 3;
/** libjpeg decodes at half size at least, for half the time or less, where libvips is to reduce by this factor or more. */
const DECODED_SMALLER = 3;
/** A JPEG whose sides shrink by this factor is decoded smaller. */
const JPEG_FACTOR = 6;
/**
 * libjpeg decodes at a half, a quarter or an eighth of the size. Where a side is no multiple of 8, as those of cameras are, it rounds up, and
 * the picture would be displaced by up to 7 of its pixels.
 */
const JPEG_BLOCK = 8;
/** Other pictures are reduced beyond so many pixels: beside what their decoders take, all of their pixels would be too much memory. */
const MAX_WHOLE_PIXELS = 8_000_000;

/** Scales after decoding. Luma is computed first, as Keras does. */
export const scaleAsPillow: Scale = async (source, { header, size, isGray, read }) => {
  const { scaled, window } = planResize(header, size);
  const reduced = reducedSize(header, scaled);
  const picture = await read(reduced === undefined ? source : reduce(source, header, reduced));
  const { width, height } = picture;
  const isDone =
    !isGray &&
    [width, scaled.width].every((side) => side === window.width) &&
    [height, scaled.height].every((side) => side === window.height);
  if (isDone) return picture.pixels;
  return resamplePixels(picture, { scaled, window, isGray, padding: size.padding ?? DEFAULT_PADDING });
};

/** The size to which libvips reduces a picture first; undefined where it is decoded in full size. */
function reducedSize(
  { format, width, height }: Pick<ImageHeader, 'format' | 'width' | 'height'>,
  scaled: ResizePlan['scaled'],
): ResizePlan['scaled'] | undefined {
  const factor = Math.min(width / scaled.width, height / scaled.height);
  if (format === 'jpeg' && factor >= JPEG_FACTOR && hasWholeBlocks({ width, height })) {
    const side = (from: number, to: number) =>
      Math.min(Math.floor(from / DECODED_SMALLER), REDUCING_GAP * to);
    return { width: side(width, scaled.width), height: side(height, scaled.height) };
  }
  if (width * height <= MAX_WHOLE_PIXELS) return undefined;
  return {
    width: Math.min(width, REDUCING_GAP * scaled.width),
    height: Math.min(height, REDUCING_GAP * scaled.height),
  };
}

const hasWholeBlocks = ({ width, height }: ResizePlan['scaled']): boolean =>
  width % JPEG_BLOCK === 0 && height % JPEG_BLOCK === 0;

function reduce(source: Sharp, from: ResizePlan['scaled'], { width, height }: ResizePlan['scaled']): Sharp {
  // What is extracted first, here the whole picture, is decoded in full size.
  const whole = hasWholeBlocks(from)
    ? source
    : source.extract({ left: 0, top: 0, width: from.width, height: from.height });
  return whole.resize(width, height, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: true });
}
