// Augmentation for handwriting: small random turns, scalings and shifts, and an elastic distortion like that of a shaking
// hand (Simard, Steinkraus, Platt: Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis,
// 2003). It is seeded: the same example in the same epoch is always changed in the same way.

import type { ExampleSource } from '../../batch-job/examples/example-source.ts';
import { deriveSeed, uniformAt } from '../../core/random.ts';

/** The largest changes. Each change is drawn uniformly between its negative and its positive value. */
export interface DistortionRange {
  readonly degrees: number;
  /** Share by which the digit may grow or shrink. */
  readonly scale: number;
  /** Pixels, in both directions. */
  readonly shift: number;
  /** Pixels by which each node of a coarse grid moves, in both directions; between nodes the move is interpolated linearly. */
  readonly elastic: number;
}

/** Nodes of the elastic grid, in both directions. */
const NODES = 5;
/** The number of affine random numbers: angle, scale, shift down, shift right. */
const AFFINE_DRAWS = 4;

/** Distorts every example of `source`, gray pictures on black, anew in every epoch; in epoch 1 where none is named. */
export function distortDigits(source: ExampleSource, range: DistortionRange, seed: number): ExampleSource {
  const [height, width] = source.shape;
  const size = height * width;
  const distort = createDistorter(height, width, range);
  const atEpoch = (epoch: number): ExampleSource => {
    const epochSeed = deriveSeed(seed, epoch);
    return {
      ...source,
      async fill(indices, images, signal) {
        await source.fill(indices, images, signal);
        indices.forEach((index, position) => {
          distort(images.subarray(position * size, (position + 1) * size), deriveSeed(epochSeed, index));
        });
      },
    };
  };
  return { ...atEpoch(1), atEpoch };
}

/** A function that distorts a picture in place, `[height, width]`, by a seed. */
function createDistorter(height: number, width: number, range: DistortionRange) {
  // A black frame makes checks unnecessary where the four nearest pixels are read.
  const stride = width + 2;
  const framed = new Float32Array((height + 2) * stride);
  const nodes = new Float32Array(2 * NODES * NODES);
  const [centerY, centerX] = [(height - 1) / 2, (width - 1) / 2];
  return (picture: Float32Array, seed: number): void => {
    const draw = (number: number, largest: number) => (2 * uniformAt(seed, number) - 1) * largest;
    const angle = (draw(0, range.degrees) * Math.PI) / 180;
    const scale = 1 + draw(1, range.scale);
    const [down, right] = [draw(2, range.shift), draw(3, range.shift)];
    const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
    for (let i = 0; i < nodes.length; i++) nodes[i] = draw(AFFINE_DRAWS + i, range.elastic);
    for (let y = 0; y < height; y++)
      framed.set(picture.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
    for (let y = 0; y < height; y++) {
      const row = (y / height) * (NODES - 1);
      for (let x = 0; x < width; x++) {
        const column = (x / width) * (NODES - 1);
        const [dy, dx] = [y - centerY - down, x - centerX - right];
        const sourceY = cos * dy - sin * dx + centerY + between(nodes, NODES, 0, row, column);
        const sourceX = sin * dy + cos * dx + centerX + between(nodes, NODES, NODES * NODES, row, column);
        const isInside = sourceY > -1 && sourceX > -1 && sourceY < height && sourceX < width;
        picture[y * width + x] = isInside ? between(framed, stride, 0, sourceY + 1, sourceX + 1) : 0;
      }
    }
  };
}

/** Interpolates bilinearly between the four values around `(y, x)` in the plane that begins at `offset`. */
function between(values: Float32Array, stride: number, offset: number, y: number, x: number): number {
  const top = Math.floor(y);
  const left = Math.floor(x);
  const at = offset + top * stride + left;
  const [v, u] = [y - top, x - left];
  const above = (1 - u) * (values[at] as number) + u * (values[at + 1] as number);
  const below = (1 - u) * (values[at + stride] as number) + u * (values[at + stride + 1] as number);
  return (1 - v) * above + v * below;
}
