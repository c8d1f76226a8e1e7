// The orientation of pictures where only their XMP tells it: decoders read only the tag of EXIF.

import type { Sharp } from 'sharp';

/** An orientation by its number in EXIF and TIFF; 1 is upright. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Matches the orientation as an attribute or an element; https://github.com/adobe/xmp-docs names the namespace `tiff`. */
const XMP_ORIENTATION = /\btiff:Orientation\s*(?:=\s*["']|>)\s*([1-8])\b/;

/** The orientation in an XMP packet; 1 where it has none. */
export function orientationOfXmp(xmp: Uint8Array | undefined): Orientation {
  if (xmp === undefined) return 1;
  const found = XMP_ORIENTATION.exec(new TextDecoder('latin1').decode(xmp))?.[1];
  return found === undefined ? 1 : (Number(found) as Orientation);
}

/** How each orientation becomes upright: the picture is first mirrored left to right, then turned clockwise. */
const TURNS: Readonly<Record<Orientation, { readonly flop: boolean; readonly degrees: 0 | 90 | 180 | 270 }>> =
  {
    1: { flop: false, degrees: 0 },
    2: { flop: true, degrees: 0 },
    3: { flop: false, degrees: 180 },
    4: { flop: true, degrees: 180 },
    5: { flop: true, degrees: 270 },
    6: { flop: false, degrees: 90 },
    7: { flop: true, degrees: 90 },
    8: { flop: false, degrees: 270 },
  };

/** Whether width and height change places when a picture of this orientation is turned upright. */
export const swapsSides = (orientation: Orientation): boolean => TURNS[orientation].degrees % 180 !== 0;

/** Turns a picture upright. Call it before resizing, so that the new size is that of the upright picture. */
export function turnUpright(image: Sharp, orientation: Orientation): Sharp {
  const { flop, degrees } = TURNS[orientation];
  const mirrored = flop ? image.flop() : image;
  return degrees === 0 ? mirrored : mirrored.rotate(degrees);
}
