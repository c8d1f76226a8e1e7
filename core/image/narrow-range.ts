// Stretches 16-bit pictures whose values lie close together: those of 10- or 12-bit sensors, thermal cameras and depth maps. Cut to
// 8 bits without that, they would become one plain color.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageHeader } from './image-header.ts';
import { type ImageLimits, maxPixelsOf } from './image-limits.ts';
import { openImage } from './open-image.ts';

/** The smallest and the largest value of a picture, 0 to 65535. */
export interface SampleRange {
  readonly min: number;
  readonly max: number;
}

/** Ranges below this are stretched. It is what a 12-bit sensor fills, a sixteenth of 16 bits; in 8 bits it would be 16 values. */
const NARROW_SPAN = 2 ** 12;

/** Values that are looked at in one go, which takes some milliseconds; then other work has its turn. */
const TURN_VALUES = 4_000_000;

/**
 * Finds the range to be stretched, where a picture's values span less than a sixteenth of 16 bits; `undefined` where they span more,
 * or are all equal. Decodes the whole picture once.
 */
export async function narrowRangeOf(
  bytes: Uint8Array,
  header: ImageHeader,
  limits: ImageLimits,
): Promise<SampleRange | undefined> {
  if (header.deepChannels === 0) return undefined;
  const data = await openImage(bytes, maxPixelsOf(header, limits))
    .removeAlpha()
    .toColourspace(header.deepChannels === 1 ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer();
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  let [min, max] = [2 ** 16, 0];
  for (let start = 0; start < values.length; start += TURN_VALUES) {
    const end = Math.min(start + TURN_VALUES, values.length);
    for (let at = start; at < end; at++) {
      const value = values[at] as number;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (max - min >= NARROW_SPAN) return undefined;
    if (end < values.length) await nextTurn();
  }
  return max > min ? { min, max } : undefined;
}

/** Maps 16-bit values to 0..255, so that the range fills all of it. */
export function stretchRange(values: Uint16Array, { min, max }: SampleRange): Uint8Array {
  const factor = 255 / (max - min);
  // The array clamps, since resampling overshoots and transparency is laid on white; it rounds, too.
  return new Uint8Array(Uint8ClampedArray.from(values, (value) => (value - min) * factor).buffer);
}
