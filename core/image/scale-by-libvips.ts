// Version 2 of decoding: libvips scales pictures down, by its cubic kernel, while it decodes. Models made by it keep it. Knows nothing of
// networks.

import type { ResizeOptions, Sharp } from 'sharp';
import { enlargePixels } from './enlarge-pixels.ts';
import type { ImageHeader } from './image-header.ts';
import { DEFAULT_PADDING } from './model-input.ts';
import { paintPadding } from './paint-padding.ts';
import { planResize, type ResizePlan, type TargetSize } from './plan-resize.ts';
import type { Scale } from './scale.ts';

/** Catmull-Rom, widened when scaling down (no aliasing), pixel centers aligned. */
export const RESIZE_KERNEL = 'cubic';

/** What sharp adds; paintPadding gives it another color. */
const BACKGROUND = { r: 0, g: 0, b: 0 } as const;
const FIT = { stretch: 'fill', cover: 'cover', contain: 'contain' } as const;

/** Scales while decoding. Luma is computed from the scaled picture. */
export const scaleByLibvips: Scale = async (source, { header, size, isGray, read }) => {
  const plan = planResize(header, size);
  const { scaled, window } = plan;
  const decoded = await read(shrink(source, header, size, plan));
  const pixels = plan.enlarges ? enlargePixels(decoded, scaled, window) : decoded.pixels;
  paintPadding(pixels, scaled, window, size.padding ?? DEFAULT_PADDING);
  return isGray ? toLuma(pixels) : pixels;
};

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
