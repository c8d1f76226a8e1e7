// Turns network inputs back into pixels for people to look at: the inverse of core/image/preprocess-pixels.ts.

import type { ModelInput } from '../../core/image/model-input.ts';
import { preprocessPixels, stepsOf } from '../../core/image/preprocess-pixels.ts';

/** Pixels of preprocessed values: RGB, `[height, width, channels]`, 0..255. Values outside of that range are clamped. */
export function toPixels(
  values: Float32Array,
  { channels, preprocessing }: Pick<ModelInput, 'channels' | 'preprocessing'>,
): Uint8Array {
  // Preprocessing is linear in each channel, so two of its values give all others.
  const black = preprocessPixels(new Uint8Array(channels), channels, preprocessing);
  const { order } = stepsOf(preprocessing);
  const white = preprocessPixels(new Uint8Array(channels).fill(255), channels, preprocessing);
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    const low = black[channel] as number;
    const share = ((values[i] as number) - low) / ((white[channel] as number) - low);
    const at = channels === 3 ? i - channel + (order[channel] as number) : i;
    pixels[at] = Math.min(255, Math.max(0, Math.round(255 * share)));
  }
  return pixels;
}
