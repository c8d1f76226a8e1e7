// What is known of a picture before its pixels are decoded.

import type { ImageFormat } from './image-format.ts';
import type { Orientation } from './xmp-orientation.ts';

/** Format, size and kind of a picture. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** The kind of picture for people, e.g. `progressive CMYK JPEG`. */
  readonly kind: string;
  /** Pixels a row, of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Frames of an animation, pages of a TIFF; 1 for other pictures. */
  readonly frames: number;
  /** Whether it is a progressive JPEG or an interlaced PNG or GIF, which is decoded as a whole. */
  readonly progressive: boolean;
  /** Number of channels, with alpha, times the stored bytes of one sample. */
  readonly bytesPerPixel: number;
  /** Number of color channels of a 16-bit gray or RGB picture, whose values may lie close together; 0 for other pictures. */
  readonly deepChannels: number;
  /** Orientation, where only its XMP tells it. The decoder itself applies that of EXIF. */
  readonly xmpOrientation: Orientation;
}
