// An augmented view as pixels: one bilinear resampling for crop, rotation and flip together, then color, then cutout.

import { HIDDEN, LUMA } from '../tensorflow/network/render-in-graph.ts';
import type { View } from './draw-view.ts';

/** A decoded picture. */
export interface Pixels {
  /** `[height, width, channels]`, 0..255. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** The view in the given size. Beyond the picture's edges, its outermost pixels are repeated. */
export function renderView(
  source: Pixels,
  view: View,
  size: { readonly width: number; readonly height: number },
): Pixels {
  const { width, height } = size;
  const target = {
    pixels: new Uint8Array(width * height * source.channels),
    width,
    height,
    channels: source.channels,
  };
  resample(source, target, view);
  recolor(target, view);
  hide(target, view.cutout);
  return target;
}

function resample(source: Pixels, target: Pixels, view: View): void {
  const { channels } = source;
  const cos = Math.cos(view.angle);
  const sin = Math.sin(view.angle);
  const mirror = view.isMirrored ? -1 : 1;
  const spanX = view.width * source.width;
  const spanY = view.height * source.height;
  const middleX = view.centerX * source.width - 0.5;
  const middleY = view.centerY * source.height - 0.5;
  const lastX = source.width - 1;
  const lastY = source.height - 1;
  let at = 0;
  for (let y = 0; y < target.height; y++) {
    const dy = ((y + 0.5) / target.height - 0.5) * spanY;
    for (let x = 0; x < target.width; x++) {
      const dx = mirror * ((x + 0.5) / target.width - 0.5) * spanX;
      const sourceX = Math.min(lastX, Math.max(0, middleX + cos * dx - sin * dy));
      const sourceY = Math.min(lastY, Math.max(0, middleY + sin * dx + cos * dy));
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const u = sourceX - left;
      const v = sourceY - top;
      const topLeft = (top * source.width + left) * channels;
      const right = left < lastX ? channels : 0;
      const below = top < lastY ? source.width * channels : 0;
      for (let c = 0; c < channels; c++) {
        const i = topLeft + c;
        const upper = (1 - u) * byte(source, i) + u * byte(source, i + right);
        const lower = (1 - u) * byte(source, i + below) + u * byte(source, i + below + right);
        target.pixels[at++] = (1 - v) * upper + v * lower + 0.5;
      }
    }
  }
}

const byte = ({ pixels }: Pixels, index: number): number => pixels[index] as number;

/** Brightness, then contrast about the mean, then saturation about each pixel's luma. */
function recolor({ pixels, channels }: Pixels, { brightness, contrast, saturation }: View): void {
  if (brightness === 1 && contrast === 1 && saturation === 1) return;
  let sum = 0;
  for (const value of pixels) sum += value;
  const mean = (sum / pixels.length) * brightness;
  const lit = new Float64Array(256).map((_, value) => mean + (value * brightness - mean) * contrast);
  for (let at = 0; at < pixels.length; at += channels) {
    if (channels === 1) {
      pixels[at] = clamped(lit[pixels[at] as number] as number);
      continue;
    }
    const red = lit[pixels[at] as number] as number;
    const green = lit[pixels[at + 1] as number] as number;
    const blue = lit[pixels[at + 2] as number] as number;
    const luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
    pixels[at] = clamped(luma + (red - luma) * saturation);
    pixels[at + 1] = clamped(luma + (green - luma) * saturation);
    pixels[at + 2] = clamped(luma + (blue - luma) * saturation);
  }
}

const clamped = (value: number): number => Math.min(255, Math.max(0, value + 0.5));

/** The rows, or columns, that cutout hides out of `size`: from the first number up to, without, the second. */
export const hiddenRange = (center: number, side: number, size: number): readonly [number, number] => [
  Math.max(0, Math.round((center - side / 2) * size)),
  Math.min(size, Math.round((center + side / 2) * size)),
];

/** Cutout (DeVries and Taylor 2017): a square that may reach over the edge. */
function hide({ pixels, width, height, channels }: Pixels, cutout: View['cutout']): void {
  if (cutout === undefined) return;
  const [left, right] = hiddenRange(cutout.centerX, cutout.side, width);
  const [top, bottom] = hiddenRange(cutout.centerY, cutout.side, height);
  for (let y = top; y < bottom; y++) {
    pixels.fill(HIDDEN, (y * width + left) * channels, (y * width + right) * channels);
  }
}
