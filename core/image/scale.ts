// What every version of decoding offers: the pixels of an opened picture, of a size.

import type { Sharp } from 'sharp';
import type { RgbPixels } from './enlarge-pixels.ts';
import type { ImageHeader } from './image-header.ts';
import type { TargetSize } from './plan-resize.ts';

/** What is known of the picture, and what is wanted. */
export interface ScaleRequest {
  readonly header: ImageHeader;
  readonly size: TargetSize;
  /** Whether luma is wanted instead of RGB. */
  readonly isGray: boolean;
  /** Reads the pixels of a pipeline of the picture. @throws {Error} of the decoder. */
  readonly read: (picture: Sharp) => Promise<RgbPixels>;
}

/** Decodes a picture and brings it to a size: `[height, width, channels]`, 0..255. @throws {Error} of the decoder. */
export type Scale = (source: Sharp, request: ScaleRequest) => Promise<Uint8Array>;
