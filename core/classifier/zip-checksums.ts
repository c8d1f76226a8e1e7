// Reads the checksums in the directory of a zip archive, which the unpacker does not look at. Knows nothing of what the files are.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LARGE_END = 0x06064b50;
/** The end without its comment, which has 65,535 bytes at most. */
const END_BYTES = 22;
const COMMENT_BYTES = 65_535;

/**
 * The CRC-32 of each entry's content, in the order of the directory.
 * @throws {RangeError} where the directory is cut off; an archive without one has no checksums.
 */
export function zipChecksums(archive: Uint8Array): readonly number[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const first = Math.max(0, bytes.length - END_BYTES - COMMENT_BYTES);
  let end = bytes.length - END_BYTES;
  while (end >= first && bytes.readUInt32LE(end) !== END) end -= 1;
  if (end < first) return [];
  let count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  // The ZIP64 form has larger numbers elsewhere; a locator right before the end says where.
  if (at === 0xffffffff || count === 0xffff) {
    const large = Number(bytes.readBigUInt64LE(end - 12));
    if (bytes.readUInt32LE(large) !== LARGE_END) return [];
    count = Number(bytes.readBigUInt64LE(large + 32));
    at = Number(bytes.readBigUInt64LE(large + 48));
  }
  const checksums: number[] = [];
  for (let i = 0; i < count && bytes.readUInt32LE(at) === ENTRY; i++) {
    checksums.push(bytes.readUInt32LE(at + 16));
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return checksums;
}
