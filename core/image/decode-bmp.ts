// Windows bitmaps to pixels: uncompressed, 1 to 32 bits, palettes and bit fields. Written here because the npm
// decoders lose palettes, top-down rows or odd widths, or read the unused fourth byte as transparency.

import { imageCorrupt } from './image-errors.ts';
import { type BmpHeader, readBmpHeader } from './read-bmp-header.ts';

export interface BmpPixels {
  /** Row by row from the top, RGB or RGBA, 8 bits each. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

type RowReader = (rowStart: number, out: Uint8Array, outStart: number) => void;

const BITS_PER_ROW_UNIT = 32;

/**
 * Decodes a bitmap of a size that the caller has checked.
 *
 * @throws {FoveaError} `image-corrupt` where rows or palette are missing; `image-unsupported` as readBmpHeader.
 */
export function decodeBmp(bytes: Uint8Array): BmpPixels {
  const header = readBmpHeader(bytes);
  const { width, height } = header;
  const channels = header.masks.alpha === 0 ? 3 : 4;
  const strideBytes = Math.ceil((width * header.bitsPerPixel) / BITS_PER_ROW_UNIT) * 4;
  if (header.pixelOffset + strideBytes * height > bytes.length) {
    const missing = header.pixelOffset + strideBytes * height - bytes.length;
    throw imageCorrupt('bmp', `${missing} bytes of its pixels are missing`);
  }
  const readRow = rowReader(bytes, header, channels);
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = header.topDown ? y : height - 1 - y;
    readRow(header.pixelOffset + row * strideBytes, pixels, y * width * channels);
  }
  return { pixels, width, height, channels };
}

function rowReader(bytes: Uint8Array, header: BmpHeader, channels: 3 | 4): RowReader {
  if (header.bitsPerPixel <= 8) return paletteRows(bytes, header);
  if (header.bitsPerPixel === 24) return bgrRows(bytes, header.width);
  return maskedRows(bytes, header, channels);
}

function paletteRows(bytes: Uint8Array, header: BmpHeader): RowReader {
  const { bitsPerPixel, width, paletteColors, paletteEntryBytes, paletteOffset } = header;
  if (paletteOffset + paletteColors * paletteEntryBytes > bytes.length) {
    throw imageCorrupt('bmp', 'its palette is cut off');
  }
  const perByte = 8 / bitsPerPixel;
  return (rowStart, out, outStart) => {
    for (let x = 0; x < width; x++) {
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

function bgrRows(bytes: Uint8Array, width: number): RowReader {
  return (rowStart, out, outStart) => {
    for (let at = 0; at < 3 * width; at += 3) {
      out[outStart + at] = bytes[rowStart + at + 2] ?? 0;
      out[outStart + at + 1] = bytes[rowStart + at + 1] ?? 0;
      out[outStart + at + 2] = bytes[rowStart + at] ?? 0;
    }
  };
}

function maskedRows(bytes: Uint8Array, header: BmpHeader, channels: 3 | 4): RowReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { masks, width } = header;
  const read = [masks.red, masks.green, masks.blue, masks.alpha].slice(0, channels).map(channelReader);
  const pixelBytes = header.bitsPerPixel / 8;
  return (rowStart, out, outStart) => {
    for (let x = 0; x < width; x++) {
      const at = rowStart + x * pixelBytes;
      const value = pixelBytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
      read.forEach((channel, index) => {
        out[outStart + channels * x + index] = channel(value);
      });
    }
  };
}

/** Takes the masked bits and stretches them to 0..255; a missing channel is 0. */
function channelReader(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / max);
}
