// Removes the place where a picture was taken from its metadata: the GPS tags of EXIF, and what blank-xmp-place.ts finds. All else stays as
// it is. Knows nothing of pixels.

import { crc32 } from 'node:zlib';
import { blankXmpPlace } from './blank-xmp-place.ts';
import { type ImageFormat, sniffFormat } from './image-format.ts';

const GPS_POINTER = 0x8825;
/** Bytes of a value of each type of TIFF, by its number. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8] as const;
const ENTRY_BYTES = 12;
/** Values of at most so many bytes are in their entry. */
const INLINE_BYTES = 4;
/** Directories that follow each other; a file that links them in a ring ends here. */
const MOST_DIRECTORIES = 64;
/** A byte of padding follows it, which readers ignore. */
const EXIF_START = Buffer.from('Exif\0', 'latin1');

/**
 * A copy of a picture without its place. Bytes that are no picture of a known format come back as they are.
 *
 * It covers EXIF in JPEG, PNG, WebP, TIFF, HEIC and AVIF, and XMP in all formats. Compressed XMP of a PNG is left out as a whole. It does
 * not read place names in captions and other texts, nor what the pixels show.
 */
export function removePlace(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const format = sniffFormat(bytes);
  if (format === undefined) return copy;
  if (format === 'png') return cleanPng(copy);
  CLEANERS[format]?.(copy);
  blankXmpPlace(copy);
  return copy;
}

const CLEANERS: Readonly<Partial<Record<ImageFormat, (bytes: Buffer) => void>>> = {
  tiff: (bytes) => clearGps(bytes),
  jpeg: clearMarked,
  webp: (bytes) => {
    clearMarked(bytes);
    clearWebp(bytes);
  },
  heic: clearMarked,
  avif: clearMarked,
};

/** Clears every block that begins as EXIF does, wherever the container has it. */
function clearMarked(bytes: Buffer): void {
  for (let at = bytes.indexOf(EXIF_START); at !== -1; at = bytes.indexOf(EXIF_START, at + 1))
    clearGps(bytes.subarray(at + EXIF_START.length + 1));
}

function clearWebp(bytes: Buffer): void {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'EXIF') clearGps(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size + (size % 2);
  }
}

/** Texts of PNG that hold EXIF or XMP in forms that have to be unpacked: compressed, or hexadecimal. */
const isPacked = (type: string, text: string): boolean => {
  const [keyword = ''] = text.split('\0');
  if (/^Raw profile type (exif|APP1|xmp)$/i.test(keyword)) return true;
  return keyword === 'XML:com.adobe.xmp' && (type === 'zTXt' || text[keyword.length + 1] === '\x01');
};

/** A PNG without its place: chunks that would have to be packed anew are left out. */
function cleanPng(bytes: Buffer): Buffer {
  const kept: Buffer[] = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 12 <= bytes.length ? at + 12 + bytes.readUInt32BE(at) : bytes.length + 1;
    // Whatever is behind the last whole chunk.
    if (end > bytes.length) return Buffer.concat([...kept, bytes.subarray(at)]);
    const chunk = bytes.subarray(at, end);
    const [type, data] = [chunk.toString('latin1', 4, 8), chunk.subarray(8, -4)];
    const text = type === 'iTXt' || type === 'tEXt' || type === 'zTXt' ? data.toString('latin1', 0, 64) : '';
    if (text === '' || !isPacked(type, text)) kept.push(chunk);
    if (type === 'eXIf') clearGps(data);
    if (text !== '') blankXmpPlace(data);
    if (type === 'eXIf' || text !== '') chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
    at = end;
  }
  return Buffer.concat(kept);
}

/** Clears the GPS directories of a TIFF structure, the form of EXIF: no entries are left, and their values are zero. */
function clearGps(tiff: Buffer): void {
  const order = tiff.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return;
  const read = {
    short: (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)),
    long: (at: number) => (order === 'II' ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)),
  };
  try {
    if (read.short(2) !== 42) return;
    let directory = read.long(4);
    for (let turn = 0; directory !== 0 && turn < MOST_DIRECTORIES; turn++) {
      const count = read.short(directory);
      for (let index = 0; index < count; index++) {
        const entry = directory + 2 + index * ENTRY_BYTES;
        if (read.short(entry) === GPS_POINTER) clearDirectory(tiff, read.long(entry + 8), read);
      }
      directory = read.long(directory + 2 + count * ENTRY_BYTES);
    }
  } catch (error) {
    // The structure leads out of its bytes: what is behind cannot be read by anybody.
    if (!(error instanceof RangeError)) throw error;
  }
}

interface Reader {
  short(at: number): number;
  long(at: number): number;
}

function clearDirectory(tiff: Buffer, directory: number, { short, long }: Reader): void {
  const count = short(directory);
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + index * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > tiff.length) break;
    const bytes = (TYPE_BYTES[short(entry + 2)] ?? 1) * long(entry + 4);
    if (bytes > INLINE_BYTES) tiff.fill(0, long(entry + 8), Math.min(long(entry + 8) + bytes, tiff.length));
    tiff.fill(0, entry, entry + ENTRY_BYTES);
  }
  tiff.fill(0, directory, directory + 2);
}
