// 16-bit pictures whose values lie close together: sensors of 10 or 12 bits, thermal cameras, depth maps. Cut to 8 bits as they
// are, nothing would be left of them but one plain color.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageHeader } from './image-header.ts';
import { type ImageLimits, maxPixelsOf } from './image-limits.ts';
import { openImage } from './open-image.ts';

/** The least and the greatest value of a picture, 0 to 65535. */
export interface SampleRange {
  readonly min: number;
  readonly max: number;
}

/** A sixteenth of 16 bits, what sensors of 12 bits fill; in 8 bits it would be 16 values. */
const NARROW_SPAN = 2 ** 12;

/** Values looked at before others have their turn, some milliseconds' worth. */
const TURN_VALUES = 4_000_000;

/**
 * The range to be stretched, where a picture's values span less than a sixteenth of what 16 bits hold; `undefined` where they
 * span more, or are all the same. Decodes the picture once, whole.
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

/** Values of 16 bits to 0..255, the range's ends to both ends. */
export function stretchRange(values: Uint16Array, { min, max }: SampleRange): Uint8Array {
  const factor = 255 / (max - min);
  // A clamped array, as resampling overshoots and transparency is laid on white; it rounds, too.
  return new Uint8Array(Uint8ClampedArray.from(values, (value) => (value - min) * factor).buffer);
}
