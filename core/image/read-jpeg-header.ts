// Reads the header of a JPEG without a decoder, which would be asked twice for each picture. Only of files without surprises: whatever is
// unusual is left to the decoder. Knows nothing of limits.

import type { ImageHeader } from './image-header.ts';
import { type Orientation, orientationOfXmp, swapsSides } from './xmp-orientation.ts';

const SEGMENTS_START = 2;
const FIRST_BYTE = 0xff;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
/** Frames of 8 bits by Huffman coding: baseline, extended, progressive. Others are rare, and decoders differ in what they take. */
const FRAMES: ReadonlyMap<number, { readonly progressive: boolean }> = new Map([
  [0xc0, { progressive: false }],
  [0xc1, { progressive: false }],
  [0xc2, { progressive: true }],
]);
const OTHER_FRAMES = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
const SAMPLE_BITS = 8;
const CMYK_COMPONENTS = 4;
const COMPONENTS = new Set([1, 3, CMYK_COMPONENTS]);

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const TIFF_MAGIC = 42;
const ORIENTATION_TAG = 0x0112;
const SHORT_TYPE = 3;
const ENTRY_BYTES = 12;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly progressive: boolean;
}

/** The header; undefined where a decoder has to look. */
export function readJpegHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Frame | undefined;
  let exif: Uint8Array | undefined;
  let xmp: Uint8Array | undefined;
  for (let at = SEGMENTS_START; at + 4 <= bytes.length; ) {
    if (view.getUint8(at) !== FIRST_BYTE) return undefined;
    const marker = view.getUint8(at + 1);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === START_OF_SCAN) return frame && toHeader(frame, exif, xmp);
    // A fill byte, a marker without a length, or a segment that is cut off.
    if (marker < 0xc0 || marker === FIRST_BYTE || (marker >= 0xd0 && marker <= 0xd9) || end > bytes.length) {
      return undefined;
    }
    const content = bytes.subarray(at + 4, end);
    const kind = FRAMES.get(marker);
    if (OTHER_FRAMES.has(marker)) return undefined;
    if (kind !== undefined) {
      if (frame !== undefined || content.length < 6 || content[0] !== SAMPLE_BITS) return undefined;
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      const components = view.getUint8(at + 9);
      if (width === 0 || height === 0 || !COMPONENTS.has(components)) return undefined;
      frame = { width, height, components, ...kind };
    } else if (marker === APP1) {
      if (startsWith(content, EXIF)) {
        if (exif !== undefined) return undefined;
        exif = content.subarray(EXIF.length);
      } else if (startsWith(content, XMP)) {
        if (xmp !== undefined) return undefined;
        xmp = content.subarray(XMP.length);
      }
    }
    at = end;
  }
  return undefined;
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  bytes.length >= text.length && Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;

function toHeader(
  { width, height, components, progressive }: Frame,
  exif: Uint8Array | undefined,
  xmp: Uint8Array | undefined,
): ImageHeader | undefined {
  const own = exif === undefined ? undefined : orientationOfExif(exif);
  if (own === 'unusual') return undefined;
  const xmpOrientation: Orientation =
    own === undefined && xmp !== undefined ? orientationOfXmp(Buffer.from(xmp)) : 1;
  const words = [progressive ? 'progressive' : '', components === CMYK_COMPONENTS ? 'CMYK' : '', 'JPEG'];
  return {
    format: 'jpeg',
    kind: words.filter(Boolean).join(' '),
    ...(swapsSides(own ?? xmpOrientation) ? { width: height, height: width } : { width, height }),
    frames: 1,
    progressive,
    bytesPerPixel: components,
    deepChannels: 0,
    xmpOrientation,
  };
}

/** The orientation in the first directory of EXIF; undefined where there is none. */
function orientationOfExif(exif: Uint8Array): Orientation | undefined | 'unusual' {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const order = exif.length < 8 ? 0 : view.getUint16(0);
  const isLittle = order === 0x4949;
  if ((!isLittle && order !== 0x4d4d) || view.getUint16(2, isLittle) !== TIFF_MAGIC) return 'unusual';
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > exif.length) return 'unusual';
  const entries = view.getUint16(directory, isLittle);
  if (directory + 2 + entries * ENTRY_BYTES > exif.length) return 'unusual';
  let orientation: Orientation | undefined;
  for (let at = directory + 2, entry = 0; entry < entries; entry++, at += ENTRY_BYTES) {
    if (view.getUint16(at, isLittle) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, isLittle);
    const isRegular =
      view.getUint16(at + 2, isLittle) === SHORT_TYPE && view.getUint32(at + 4, isLittle) === 1;
    if (!isRegular || orientation !== undefined || value < 1 || value > 8) return 'unusual';
    orientation = value as Orientation;
  }
  return orientation;
}
