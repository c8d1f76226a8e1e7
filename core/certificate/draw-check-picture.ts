// Draws the check picture: whatever is done wrong on the way to the input changes it visibly. It depends on the size of the input alone, so
// it shows nothing of anybody's pictures.

import type { RgbPixels } from '../image/enlarge-pixels.ts';
import type { ModelInput } from '../image/model-input.ts';

/** Sides of the picture in sides of the input: as much as shows whether a kernel widens, and less for large inputs. */
const MOST = 2.1;
const FEWEST = 1.1;
const USUAL_SIDE = 800;
/** It is wider than the input's shape, so that `cover` cuts and `contain` pads. */
const WIDER = 1.4;
/** Shares of the sides. */
const CORNER = 0.12;
const STRIPES = 0.82;
const RINGS = 0.33;
const CELLS = 16;

const odd = (value: number): number => 2 * Math.floor(value / 2) + 1;

/** Colors of the corners, clockwise from the upper left one. */
const CORNERS = [
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 255],
  [0, 0, 255],
] as const;

/** The picture: odd sides, RGB. The same size of the input gives the same picture. */
export function drawCheckPicture({
  height: rows,
  width: columns,
}: Pick<ModelInput, 'height' | 'width'>): RgbPixels {
  const factor = Math.min(MOST, Math.max(FEWEST, USUAL_SIDE / Math.max(rows, columns)));
  const [width, height] = [odd(WIDER * factor * columns), odd(factor * rows)];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) pixels.set(colorAt(x, y, width, height), at);
  return { pixels, width, height };
}

function colorAt(x: number, y: number, width: number, height: number): readonly number[] {
  const [right, down] = [x / width, y / height];
  const side = CORNER * Math.min(width, height);
  const [isLeft, isUpper] = [x < side, y < side];
  const [isRight, isLower] = [x >= width - side, y >= height - side];
  if ((isLeft || isRight) && (isUpper || isLower))
    return CORNERS[isUpper ? (isLeft ? 0 : 1) : isRight ? 2 : 3] as readonly number[];
  // Lines of one and two pixels, which vanish or make patterns without antialiasing.
  if (right >= STRIPES) return Math.floor(x / (down < 0.5 ? 1 : 2)) % 2 === 0 ? [250, 240, 20] : [20, 10, 60];
  if (down >= STRIPES) return Math.floor(y / (right < 0.5 ? 1 : 2)) % 2 === 0 ? [10, 230, 240] : [90, 10, 10];
  // Rings that become finer, up to what a picture can show.
  const radius = RINGS * height;
  const squared = (x - 0.42 * width) ** 2 + (y - 0.45 * height) ** 2;
  if (squared < radius ** 2) {
    const level = Math.round(127.5 + 127.5 * Math.cos((Math.PI * squared) / (2 * radius)));
    return [level, 255 - level, Math.floor(level / 2)];
  }
  const isDark = (Math.floor(right * CELLS) + Math.floor(down * CELLS)) % 2 === 0;
  return [Math.floor(255 * right), Math.floor(255 * down), isDark ? 40 : 215];
}
