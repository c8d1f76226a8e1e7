// Draws a map of values over a picture, as a PNG. Knows neither classes nor networks.

import type { RgbPixels } from './enlarge-pixels.ts';
import { openPixels } from './open-image.ts';

/** Values of windows over a picture. The windows are evenly spread, the outermost ones at its edges. */
export interface ValueMap {
  readonly rows: number;
  readonly columns: number;
  /** Values `[rows, columns]`, at least 0. */
  readonly values: Float32Array;
  /** Height of a window as a share of the picture, 0 to 1. */
  readonly windowHeight: number;
  readonly windowWidth: number;
}

/** Opacity of the largest value; the picture still shows through. */
const MAX_OPACITY = 0.7;
/** Colors from the smallest to the largest value, after the inferno map, whose lightness grows evenly (van der Walt, Smith 2015). */
const RAMP = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;

/** For each pixel of an axis, the window centers on both sides, and how far it is from the first. */
function tapsOf(pixels: number, count: number, window: number) {
  return Array.from({ length: pixels }, (_, pixel) => {
    const share = (pixel + 0.5) / pixels;
    const step = (1 - window) / Math.max(1, count - 1);
    const place = step > 0 ? (share - window / 2) / step : 0;
    const clamped = Math.min(count - 1, Math.max(0, place));
    const first = Math.min(Math.floor(clamped), Math.max(0, count - 2));
    return { first, next: Math.min(first + 1, count - 1), weight: clamped - first };
  });
}

/** Number of colors, as fine as pixels can show. */
const STEPS = 256;

function colorOf(heat: number, channel: number): number {
  const place = heat * (RAMP.length - 1);
  const first = Math.min(Math.floor(place), RAMP.length - 2);
  const [from, to] = [RAMP[first]?.[channel] ?? 0, RAMP[first + 1]?.[channel] ?? 0];
  return from + (to - from) * (place - first);
}

/** RGB of each color, already multiplied by its opacity. */
const heatColors = (): Float32Array =>
  Float32Array.from({ length: 3 * STEPS }, (_, i) => {
    const heat = Math.floor(i / 3) / (STEPS - 1);
    return MAX_OPACITY * heat * colorOf(heat, i % 3);
  });

/**
 * Draws the map over the picture; the result is a PNG. Opacity and color grow with the value. The largest value of the map has the
 * brightest color, so that maps of unlikely classes show something, too. Between centers of windows, values are interpolated.
 */
export async function overlayMap(picture: RgbPixels, map: ValueMap): Promise<Uint8Array> {
  const { pixels, width, height } = picture;
  const largest = map.values.reduce((max, value) => Math.max(max, value), 0);
  const scale = largest > 0 ? 1 / largest : 0;
  const columns = tapsOf(width, map.columns, map.windowWidth);
  const colors = heatColors();
  const blended = new Uint8ClampedArray(pixels.length);
  const between = (a: number, b: number, weight: number) =>
    (map.values[a] ?? 0) * (1 - weight) + (map.values[b] ?? 0) * weight;
  tapsOf(height, map.rows, map.windowHeight).forEach((row, y) => {
    const values = Float32Array.from({ length: map.columns }, (_, column) =>
      between(row.first * map.columns + column, row.next * map.columns + column, row.weight),
    );
    columns.forEach(({ first, next, weight }, x) => {
      const heat = scale * ((values[first] ?? 0) * (1 - weight) + (values[next] ?? 0) * weight);
      const step = 3 * Math.round(heat * (STEPS - 1));
      const at = 3 * (y * width + x);
      for (let channel = 0; channel < 3; channel++) {
        const shown = (pixels[at + channel] as number) * (1 - MAX_OPACITY * heat);
        blended[at + channel] = shown + (colors[step + channel] as number);
      }
    });
  });
  const bytes = new Uint8Array(blended.buffer);
  return new Uint8Array(await openPixels(bytes, { width, height, channels: 3 }).png().toBuffer());
}
