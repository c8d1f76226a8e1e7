// What a picture says of itself before its pixels are decoded.

import type { ImageFormat } from './image-format.ts';
import type { Orientation } from './xmp-orientation.ts';

export interface ImageHeader {
  readonly format: ImageFormat;
  /** For people, e.g. `progressive CMYK JPEG`. */
  readonly kind: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** Frames of an animation, pages of a TIFF; 1 for other pictures. */
  readonly frames: number;
  /** Progressive JPEG or interlaced PNG or GIF: decoded as a whole. */
  readonly progressive: boolean;
  /** Channels, alpha among them, times bytes of one sample as stored. */
  readonly bytesPerPixel: number;
  /** Color channels of a gray or RGB picture of 16 bits, whose values may lie close together; 0 for others. */
  readonly deepChannels: number;
  /** How it is to be turned where only its XMP says so; what EXIF says, the decoder applies itself. */
  readonly xmpOrientation: Orientation;
}
