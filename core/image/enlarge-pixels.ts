// Scales pictures up. libvips aligns the corners of pixels there instead of their centers, which shifts the picture by half a source
// pixel against every training framework. So this direction is computed here; libvips scales down.

/** A decoded picture, RGB of 8 bits. */
export interface RgbPixels {
  /** `[height, width, 3]`. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A rectangle on the enlarged picture. Where it reaches beyond the picture, it is black. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Source positions of one output position, and their weights, which sum to 1; none for padding. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

const CHANNELS = 3;
const SUPPORT = 2;
/** Keys, "Cubic convolution interpolation", 1981: the Catmull-Rom spline, Pillow's BICUBIC and libvips's cubic. */
const A = -0.5;

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < SUPPORT ? ((x - 5) * x + 8) * x * A - 4 * A : 0;
}

function tapsOf(sourceLength: number, enlargedLength: number, start: number, length: number): Taps[] {
  return Array.from({ length }, (_, i) => {
    const position = start + i;
    if (position < 0 || position >= enlargedLength) return { first: 0, weights: [] };
    const center = ((position + 0.5) * sourceLength) / enlargedLength;
    const first = Math.max(0, Math.floor(center - SUPPORT + 0.5));
    const end = Math.min(sourceLength, Math.floor(center + SUPPORT + 0.5));
    const weights = Array.from({ length: end - first }, (_unused, tap) => cubic(first + tap + 0.5 - center));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Scales a picture up and cuts a window out of it: first horizontally, then vertically, with rounding between them, as in Pillow.
 *
 * @param enlarged Size of the whole enlarged picture, at least the source's on each axis.
 * @returns RGB of the window's size. Only what the window needs is computed.
 */
export function enlargePixels(
  source: RgbPixels,
  enlarged: { readonly width: number; readonly height: number },
  window: Window,
): Uint8Array {
  const columns = tapsOf(source.width, enlarged.width, window.left, window.width);
  const rows = tapsOf(source.height, enlarged.height, window.top, window.height);
  const inside = rows.filter((taps) => taps.weights.length > 0);
  const firstRow = Math.min(...inside.map((taps) => taps.first));
  const endRow = Math.max(...inside.map((taps) => taps.first + taps.weights.length));
  // Clamped arrays round and cut to 0..255 on assignment: the spline overshoots at edges.
  const stretched = new Uint8ClampedArray((endRow - firstRow) * window.width * CHANNELS);
  for (let row = firstRow; row < endRow; row++) {
    const from = row * source.width * CHANNELS;
    const to = (row - firstRow) * window.width * CHANNELS;
    resampleRow(source.pixels, from, columns, stretched, to);
  }
  const result = new Uint8ClampedArray(window.width * window.height * CHANNELS);
  const rowValues = window.width * CHANNELS;
  rows.forEach(({ first, weights }, row) => {
    for (let at = 0; at < rowValues; at++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += (weights[tap] as number) * (stretched[(first - firstRow + tap) * rowValues + at] as number);
      }
      result[row * rowValues + at] = sum;
    }
  });
  return new Uint8Array(result.buffer);
}

/** Computes one row: each output pixel from its source positions. */
function resampleRow(
  source: Uint8Array,
  from: number,
  columns: readonly Taps[],
  target: Uint8ClampedArray,
  to: number,
): void {
  columns.forEach(({ first, weights }, column) => {
    for (let channel = 0; channel < CHANNELS; channel++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += (weights[tap] as number) * (source[from + (first + tap) * CHANNELS + channel] as number);
      }
      target[to + column * CHANNELS + channel] = sum;
    }
  });
}
