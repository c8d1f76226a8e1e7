// Draws one picture of a pattern: colors, light and noise, as pixels.

import type { Pattern } from './patterns.ts';
import { between, normal, type Random } from './random.ts';

/** Height and width, pixels: small enough to train in seconds, large enough to see. */
export const PICTURE_SIZE = 48;

type Color = readonly [number, number, number];

const SAMPLES = 3;
/** Smallest distance of the two colors in RGB, of at most 441; with a smaller one, noise hides the pattern. */
const MIN_CONTRAST = 200;
const MAX_LIGHT_CHANGE = 25;
const NOISE_SIGMA = 4;

const randomColor = (random: Random): Color => [
  between(random, 20, 235),
  between(random, 20, 235),
  between(random, 20, 235),
];

const distance = (a: Color, b: Color): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Draws both colors from the same distribution, so that neither a color nor the mean reveals the class. */
function randomColors(random: Random): readonly [foreground: Color, background: Color] {
  for (;;) {
    const [foreground, background] = [randomColor(random), randomColor(random)];
    if (distance(foreground, background) >= MIN_CONTRAST) return [foreground, background];
  }
}

/** The share of a pixel that is foreground, 0..1, which makes edges soft. */
function coverage(pattern: Pattern, row: number, column: number): number {
  let inside = 0;
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const x = ((column + ((i % SAMPLES) + 0.5) / SAMPLES) / PICTURE_SIZE) * 2 - 1;
    const y = ((row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) / PICTURE_SIZE) * 2 - 1;
    if (pattern(x, y)) inside++;
  }
  return inside / SAMPLES ** 2;
}

/**
 * Draws a picture with random colors, light and noise.
 * @returns RGB, `[PICTURE_SIZE, PICTURE_SIZE, 3]`, 0..255.
 */
export function drawPicture(pattern: Pattern, random: Random): Uint8Array {
  const [foreground, background] = randomColors(random);
  const light = between(random, 0, MAX_LIGHT_CHANGE);
  const angle = between(random, 0, 2 * Math.PI);
  // Clamped, not wrapped: noise on a bright color must not turn dark.
  const pixels = new Uint8ClampedArray(PICTURE_SIZE * PICTURE_SIZE * 3);
  for (let row = 0; row < PICTURE_SIZE; row++) {
    for (let column = 0; column < PICTURE_SIZE; column++) {
      const share = coverage(pattern, row, column);
      const [x, y] = [(column / PICTURE_SIZE) * 2 - 1, (row / PICTURE_SIZE) * 2 - 1];
      const shade = light * (Math.cos(angle) * x + Math.sin(angle) * y);
      for (let channel = 0; channel < 3; channel++) {
        const color = share * (foreground[channel] ?? 0) + (1 - share) * (background[channel] ?? 0);
        pixels[(row * PICTURE_SIZE + column) * 3 + channel] = color + shade + NOISE_SIGMA * normal(random);
      }
    }
  }
  return new Uint8Array(pixels.buffer);
}
