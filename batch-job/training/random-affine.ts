// Augmentation by small random rotations, scalings and shifts, for pictures whose meaning they leave alone. Seeded: the
// same example of the same epoch is always changed in the same way.

import { deriveSeed, uniformAt } from '../../core/random.ts';
import type { ExampleSource } from './examples.ts';

/** Largest changes; each is drawn uniformly between its negative and its positive. */
export interface AffineRange {
  readonly degrees: number;
  /** Share by which the picture may grow or shrink. */
  readonly scale: number;
  /** Pixels, in both directions. */
  readonly shift: number;
}

/** Draws of one example: angle, scale, shift down, shift right. */
const DRAWS = 4;

/**
 * `source` with every example changed anew; `epoch` decides how.
 * @param background the value outside of the picture.
 */
export function randomAffine(
  source: ExampleSource,
  range: AffineRange,
  options: { readonly seed: number; readonly epoch: () => number; readonly background: number },
): ExampleSource {
  const [height, width, channels] = source.shape;
  const size = height * width * channels;
  return {
    ...source,
    async fill(indices, images, signal) {
      await source.fill(indices, images, signal);
      const original = new Float32Array(size);
      const epochSeed = deriveSeed(options.seed, options.epoch());
      indices.forEach((index, position) => {
        const draw = (number: number, largest: number) =>
          (2 * uniformAt(epochSeed, index * DRAWS + number) - 1) * largest;
        const angle = (draw(0, range.degrees) * Math.PI) / 180;
        const scale = 1 + draw(1, range.scale);
        const target = images.subarray(position * size, (position + 1) * size);
        original.set(target);
        warp(
          original,
          target,
          { height, width, channels },
          angle,
          scale,
          draw(2, range.shift),
          draw(3, range.shift),
          options.background,
        );
      });
    },
  };
}

/** Bilinear resampling of `from` into `to`, turned and scaled about the center and then shifted. */
function warp(
  from: Float32Array,
  to: Float32Array,
  { height, width, channels }: { height: number; width: number; channels: number },
  angle: number,
  scale: number,
  down: number,
  right: number,
  background: number,
): void {
  const cos = Math.cos(angle) / scale;
  const sin = Math.sin(angle) / scale;
  const centerY = (height - 1) / 2;
  const centerX = (width - 1) / 2;
  const at = (y: number, x: number, c: number) =>
    y < 0 || x < 0 || y >= height || x >= width
      ? background
      : (from[(y * width + x) * channels + c] as number);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dy = y - centerY - down;
      const dx = x - centerX - right;
      const sourceY = cos * dy - sin * dx + centerY;
      const sourceX = sin * dy + cos * dx + centerX;
      const top = Math.floor(sourceY);
      const left = Math.floor(sourceX);
      const v = sourceY - top;
      const u = sourceX - left;
      for (let c = 0; c < channels; c++) {
        to[(y * width + x) * channels + c] =
          (1 - v) * ((1 - u) * at(top, left, c) + u * at(top, left + 1, c)) +
          v * ((1 - u) * at(top + 1, left, c) + u * at(top + 1, left + 1, c));
      }
    }
  }
}
