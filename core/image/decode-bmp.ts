// Decodes Windows bitmaps: uncompressed, 1 to 32 bits, with palettes and bit fields. Written here because the decoders on npm fail with
// palettes, top-down rows or odd widths, or read the unused fourth byte as transparency.

import { setImmediate } from 'node:timers/promises';
import { imageCorrupt } from './image-errors.ts';
import { type BmpHeader, readBmpHeader } from './read-bmp-header.ts';

/** The pixels of a bitmap. */
export interface BmpPixels {
  /** Row by row from the top, RGB or RGBA, 8 bits each. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/** A range of pixels in a row. */
interface RowPart {
  /** Offset of the row in the file. */
  readonly rowStart: number;
  readonly fromX: number;
  /** The first pixel after the range. */
  readonly toX: number;
  /** Offset of the row in the decoded pixels. */
  readonly outStart: number;
}
type RowReader = (part: RowPart, out: Uint8Array) => void;

const BITS_PER_ROW_UNIT = 32;
/** Pixels that are decoded in one go, which takes a millisecond or two. */
const PIXELS_PER_SLICE = 65_536;

/**
 * Decodes a bitmap whose size the caller has checked. It is decoded in slices, between which other work has its turn.
 *
 * @throws {FoveaError} `image-corrupt` where rows or palette are missing; `image-unsupported` as readBmpHeader.
 */
export async function decodeBmp(bytes: Uint8Array): Promise<BmpPixels> {
  const header = readBmpHeader(bytes);
  const { width, height } = header;
  const channels = header.masks.alpha === 0 ? 3 : 4;
  const strideBytes = Math.ceil((width * header.bitsPerPixel) / BITS_PER_ROW_UNIT) * 4;
  if (header.pixelOffset + strideBytes * height > bytes.length) {
    const missing = header.pixelOffset + strideBytes * height - bytes.length;
    throw imageCorrupt('bmp', `${missing} bytes of its pixels are missing`);
  }
  const readPart = rowReader(bytes, header, channels);
  const pixels = new Uint8Array(width * height * channels);
  let done = 0;
  for (let y = 0; y < height; y++) {
    const row = header.topDown ? y : height - 1 - y;
    const rowStart = header.pixelOffset + row * strideBytes;
    for (let fromX = 0; fromX < width; fromX += PIXELS_PER_SLICE) {
      const toX = Math.min(width, fromX + PIXELS_PER_SLICE);
      readPart({ rowStart, fromX, toX, outStart: y * width * channels }, pixels);
      done += toX - fromX;
      if (done >= PIXELS_PER_SLICE) {
        done = 0;
        await setImmediate();
      }
    }
  }
  return { pixels, width, height, channels };
}

function rowReader(bytes: Uint8Array, header: BmpHeader, channels: 3 | 4): RowReader {
  if (header.bitsPerPixel <= 8) return paletteRows(bytes, header);
  if (header.bitsPerPixel === 24) return bgrRows(bytes);
  return maskedRows(bytes, header, channels);
}

function paletteRows(bytes: Uint8Array, header: BmpHeader): RowReader {
  const { bitsPerPixel, paletteColors, paletteEntryBytes, paletteOffset } = header;
  if (paletteOffset + paletteColors * paletteEntryBytes > bytes.length) {
    throw imageCorrupt('bmp', 'its palette is cut off');
  }
  const perByte = 8 / bitsPerPixel;
  return ({ rowStart, fromX, toX, outStart }, out) => {
    for (let x = fromX; x < toX; x++) {
      const byte = bytes[rowStart + Math.floor(x / perByte)] ?? 0;
      const index = (byte >> (8 - bitsPerPixel * ((x % perByte) + 1))) & (2 ** bitsPerPixel - 1);
      if (index >= paletteColors)
        throw imageCorrupt('bmp', `color ${index} is not in its palette of ${paletteColors}`);
      const entry = paletteOffset + index * paletteEntryBytes;
      out[outStart + 3 * x] = bytes[entry + 2] ?? 0;
      out[outStart + 3 * x + 1] = bytes[entry + 1] ?? 0;
      out[outStart + 3 * x + 2] = bytes[entry] ?? 0;
    }
  };
}

function bgrRows(bytes: Uint8Array): RowReader {
  return ({ rowStart, fromX, toX, outStart }, out) => {
    for (let at = 3 * fromX; at < 3 * toX; at += 3) {
      out[outStart + at] = bytes[rowStart + at + 2] ?? 0;
      out[outStart + at + 1] = bytes[rowStart + at + 1] ?? 0;
      out[outStart + at + 2] = bytes[rowStart + at] ?? 0;
    }
  };
}

function maskedRows(bytes: Uint8Array, header: BmpHeader, channels: 3 | 4): RowReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { masks } = header;
  const read = [masks.red, masks.green, masks.blue, masks.alpha].slice(0, channels).map(channelReader);
  const pixelBytes = header.bitsPerPixel / 8;
  return ({ rowStart, fromX, toX, outStart }, out) => {
    for (let x = fromX; x < toX; x++) {
      const at = rowStart + x * pixelBytes;
      const value = pixelBytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
      read.forEach((channel, index) => {
        out[outStart + channels * x + index] = channel(value);
      });
    }
  };
}

/** Makes a function that takes the masked bits of a pixel and stretches them to 0..255; a missing channel is 0. */
function channelReader(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / max);
}
