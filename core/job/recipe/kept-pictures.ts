// How many pictures stay in memory for later epochs: for the trainer, and for an estimate.

import type { InputSize } from '../../network/description/network.ts';

/** Bytes of pictures that stay in memory, so that later epochs read no storage and, where pixels are wanted, decode nothing. */
export const KEPT_BYTES = 256 * 2 ** 20;
/** Views are cut out of a picture that is larger by this factor, so that crops lose less of its detail. */
export const VIEW_MARGIN = 1.15;

/**
 * How often a picture is decoded in an epoch, on average: always in the first, later only where it did not stay in memory.
 * @param pictures Number of pictures of the split.
 */
export function decodesPerEpoch(
  { height, width, channels }: InputSize,
  { pictures, epochs }: { readonly pictures: number; readonly epochs: number },
): number {
  const bytes = Math.round(height * VIEW_MARGIN) * Math.round(width * VIEW_MARGIN) * channels;
  const kept = Math.min(1, KEPT_BYTES / (bytes * Math.max(1, pictures)));
  return (1 + (epochs - 1) * (1 - kept)) / epochs;
}
