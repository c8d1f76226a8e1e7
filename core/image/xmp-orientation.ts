// How a picture is to be turned where only its XMP says so: decoders read EXIF's tag alone.

import type { Sharp } from 'sharp';

/** As EXIF and TIFF number them: 1 is upright. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** As an attribute or as an element; https://github.com/adobe/xmp-docs names the namespace `tiff`. */
const XMP_ORIENTATION = /\btiff:Orientation\s*(?:=\s*["']|>)\s*([1-8])\b/;

/** Of an XMP packet; 1 where it says nothing. */
export function orientationOfXmp(xmp: Uint8Array | undefined): Orientation {
  if (xmp === undefined) return 1;
  const found = XMP_ORIENTATION.exec(new TextDecoder('latin1').decode(xmp))?.[1];
  return found === undefined ? 1 : (Number(found) as Orientation);
}

/** What brings each orientation upright: first mirrored left to right, then turned clockwise. */
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

export const swapsSides = (orientation: Orientation): boolean => TURNS[orientation].degrees % 180 !== 0;

/** Turns a picture upright. To be called before it is resized, so that the new size is that of the upright picture. */
export function turnUpright(image: Sharp, orientation: Orientation): Sharp {
  const { flop, degrees } = TURNS[orientation];
  const mirrored = flop ? image.flop() : image;
  return degrees === 0 ? mirrored : mirrored.rotate(degrees);
}
