// What a picture says of itself before its pixels are decoded.

import type { ImageFormat } from './image-format.ts';

export interface ImageHeader {
  readonly format: ImageFormat;
  /** For people, e.g. `progressive CMYK JPEG`. */
  readonly kind: string;
  /** Pixels, after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Frames of an animation, pages of a TIFF; 1 for other pictures. */
  readonly frames: number;
  /** Progressive JPEG or interlaced PNG or GIF: decoded as a whole. */
  readonly progressive: boolean;
  /** Channels, alpha among them, times bytes of one sample as stored. */
  readonly bytesPerPixel: number;
}
