// Paints the edges that `contain` adds in the color that a model's input contract names.

import type { Window } from './enlarge-pixels.ts';

const CHANNELS = 3;

/**
 * Paints what a window has beyond the picture, in place.
 *
 * @param pixels RGB of the window's size.
 * @param scaled Size of the whole picture, at whose left upper corner the window's coordinates begin.
 * @param padding Red, green and blue, 0..255. Black is taken to be there.
 */
export function paintPadding(
  pixels: Uint8Array,
  scaled: { readonly width: number; readonly height: number },
  { left, top, width, height }: Window,
  padding: readonly number[],
): void {
  if (padding.every((level) => level === 0)) return;
  for (let row = 0; row < height; row++) {
    const isRowBeyond = row + top < 0 || row + top >= scaled.height;
    for (let column = 0; column < width; column++) {
      if (isRowBeyond || column + left < 0 || column + left >= scaled.width) {
        pixels.set(padding, (row * width + column) * CHANNELS);
      }
    }
  }
}
