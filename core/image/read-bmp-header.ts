// Reads the header of a Windows bitmap, the one common format that sharp's libvips does not read.
// https://learn.microsoft.com/windows/win32/gdi/bitmap-storage

import { imageCorrupt, imageKindUnsupported } from './image-errors.ts';
import type { ImageHeader } from './image-header.ts';

/** The bits of each channel in a 16- or 32-bit pixel, as masks; 0 for a channel that is absent. */
export interface BmpMasks {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly alpha: number;
}

/** How the pixels of a bitmap are stored. */
export interface BmpHeader extends ImageHeader {
  readonly bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  /** Whether rows are stored from the top down; usually they are stored from the bottom up. */
  readonly topDown: boolean;
  readonly pixelOffset: number;
  readonly paletteOffset: number;
  /** Colors in the palette; 0 where pixels hold their own color. */
  readonly paletteColors: number;
  /** Bytes of a palette entry: blue, green, red and, in all but the oldest header, one unused. */
  readonly paletteEntryBytes: 3 | 4;
  readonly masks: BmpMasks;
}

const FILE_HEADER_BYTES = 14;
const CORE_HEADER_BYTES = 12;
const INFO_HEADER_BYTES = 40;
const ALPHA_HEADER_BYTES = 56;
const COMPRESSION = { none: 0, bitFields: 3, alphaBitFields: 6 } as const;
const COMPRESSION_NAMES: Readonly<Record<number, string>> = { 1: 'RLE8', 2: 'RLE4', 4: 'JPEG', 5: 'PNG' };
const DEPTHS = [1, 4, 8, 16, 24, 32] as const;

const DEFAULT_MASKS: Readonly<Record<16 | 32, BmpMasks>> = {
  16: { red: 0x7c00, green: 0x03e0, blue: 0x001f, alpha: 0 },
  // The fourth byte is unused, often 0: read as alpha it would make the whole picture transparent.
  32: { red: 0xff0000, green: 0xff00, blue: 0xff, alpha: 0 },
};
const NO_MASKS: BmpMasks = { red: 0, green: 0, blue: 0, alpha: 0 };

/**
 * Reads the header of a bitmap.
 * @throws {FoveaError} `image-corrupt`, or `image-unsupported` for run-length encoded bitmaps.
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FILE_HEADER_BYTES + CORE_HEADER_BYTES)
    throw imageCorrupt('bmp', 'its header is cut off');
  const headerBytes = view.getUint32(14, true);
  const core = headerBytes === CORE_HEADER_BYTES;
  if ((!core && headerBytes < INFO_HEADER_BYTES) || bytes.length < FILE_HEADER_BYTES + headerBytes) {
    throw imageCorrupt('bmp', `its header claims ${headerBytes} bytes`);
  }
  const storedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const depth = view.getUint16(core ? 24 : 28, true);
  const bitsPerPixel = DEPTHS.find((known) => known === depth);
  if (bitsPerPixel === undefined) throw imageKindUnsupported(`A BMP picture of ${depth} bits a pixel`);
  const compression = core ? COMPRESSION.none : view.getUint32(30, true);
  const masked = compression === COMPRESSION.bitFields || compression === COMPRESSION.alphaBitFields;
  if (compression !== COMPRESSION.none && !(masked && (bitsPerPixel === 16 || bitsPerPixel === 32))) {
    throw imageKindUnsupported(
      `A BMP picture with ${COMPRESSION_NAMES[compression] ?? `number ${compression}`} compression`,
    );
  }
  const { masks, maskBytes } = readMasks(view, { headerBytes, bitsPerPixel, masked, compression });
  const usedColors = core ? 0 : view.getUint32(46, true);
  return {
    format: 'bmp',
    kind: `${bitsPerPixel}-bit BMP`,
    width: core ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(storedHeight),
    frames: 1,
    progressive: false,
    bytesPerPixel: masks.alpha === 0 ? 3 : 4,
    deepChannels: 0,
    xmpOrientation: 1,
    bitsPerPixel,
    topDown: storedHeight < 0,
    pixelOffset: view.getUint32(10, true),
    paletteOffset: FILE_HEADER_BYTES + headerBytes + maskBytes,
    paletteColors: bitsPerPixel > 8 ? 0 : Math.min(usedColors || 2 ** bitsPerPixel, 2 ** bitsPerPixel),
    paletteEntryBytes: core ? 3 : 4,
    masks,
  };
}

interface MaskFacts {
  readonly headerBytes: number;
  readonly bitsPerPixel: number;
  readonly masked: boolean;
  readonly compression: number;
}

/** Reads the masks. `maskBytes` is their size where they follow the header instead of being part of it. */
function readMasks(view: DataView, facts: MaskFacts): { masks: BmpMasks; maskBytes: number } {
  if (facts.bitsPerPixel !== 16 && facts.bitsPerPixel !== 32) return { masks: NO_MASKS, maskBytes: 0 };
  if (!facts.masked) return { masks: DEFAULT_MASKS[facts.bitsPerPixel], maskBytes: 0 };
  const hasAlpha =
    facts.headerBytes >= ALPHA_HEADER_BYTES || facts.compression === COMPRESSION.alphaBitFields;
  const at = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
  if (view.byteLength < at + (hasAlpha ? 16 : 12)) throw imageCorrupt('bmp', 'its color masks are cut off');
  const mask = (index: number): number => view.getUint32(at + 4 * index, true);
  return {
    masks: { red: mask(0), green: mask(1), blue: mask(2), alpha: hasAlpha ? mask(3) : 0 },
    maskBytes: facts.headerBytes === INFO_HEADER_BYTES ? (hasAlpha ? 16 : 12) : 0,
  };
}
