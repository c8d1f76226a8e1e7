// Packs what inspections found out about files into one object, and unpacks it. Such an object is written once and is named by the hash
// of its bytes. Knows nothing of where it is stored.

import { contentHashOf } from '../content-hash.ts';
import { THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from '../image/thumbnail.ts';
import { FINDING_SEVERITIES, type FindingCode } from './findings.ts';
import type { DecodeDepth, FileVerdict } from './inspect-file.ts';

/** What was found out about one file with one content. */
export interface KnownFile {
  /** Path below the dataset's prefix. */
  readonly path: string;
  /** Etag of the content that was read. */
  readonly etag: string;
  readonly depth: DecodeDepth;
  readonly verdict: FileVerdict;
}

const MAGIC = 'fovea-verdicts-1\n';
const HASH_BYTES = 32;
const THUMBNAIL_BYTES = THUMBNAIL_WIDTH * THUMBNAIL_HEIGHT * 3;
/** Flags of an entry. */
const [IS_FULL, IS_GOOD, IS_FLAT, HAS_THUMBNAIL] = [1, 2, 4, 8];

const isFindingCode = (code: string): code is FindingCode => Object.hasOwn(FINDING_SEVERITIES, code);

/** Packs entries, 0.4 kB for a picture. */
export function packVerdicts(files: readonly KnownFile[]): Buffer {
  const parts: Buffer[] = [Buffer.from(MAGIC)];
  for (const file of files) parts.push(...packFile(file));
  return Buffer.concat(parts);
}

function packFile({ path, etag, depth, verdict }: KnownFile): Buffer[] {
  const isGood = 'contentHash' in verdict;
  const flags =
    (depth === 'full' ? IS_FULL : 0) |
    (isGood ? IS_GOOD : 0) |
    (isGood && verdict.isFlat ? IS_FLAT : 0) |
    (isGood && verdict.thumbnail !== null ? HAS_THUMBNAIL : 0);
  const head = [Buffer.of(flags), packText(path), packText(etag)];
  if (!isGood) return [...head, packText(verdict.code), packText(verdict.reason)];
  const size = Buffer.alloc(8);
  size.writeUInt32LE(verdict.width, 0);
  size.writeUInt32LE(verdict.height, 4);
  return [
    ...head,
    Buffer.from(verdict.contentHash, 'hex'),
    size,
    ...(verdict.thumbnail === null ? [] : [Buffer.from(verdict.thumbnail)]),
  ];
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Above so many contents, it is quicker to unpack all entries than to search the bytes for each. */
const MOST_SEARCHED = 64;

/**
 * Whether packed entries may be of one of these contents: it searches their bytes, without unpacking. With very many contents it always may.
 * @param hashes sha256, hexadecimal.
 */
export function mayHaveContent(bytes: Uint8Array, hashes: ReadonlySet<string>): boolean {
  if (hashes.size > MOST_SEARCHED) return true;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [...hashes].some((hash) => buffer.includes(Buffer.from(hash, 'hex')));
}

/**
 * Unpacks entries. Thumbnails share the memory of `bytes`.
 * @param name The hash by which the object is named.
 * @returns `undefined` where the object is damaged or of another form.
 */
export function unpackVerdicts(bytes: Uint8Array, name: string): KnownFile[] | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (contentHashOf(bytes) !== name || !buffer.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC)))
    return undefined;
  const files: KnownFile[] = [];
  let at = MAGIC.length;
  const take = (length: number) => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  const takeText = () => take(take(2).readUInt16LE()).toString();
  while (at < buffer.length) {
    const flags = take(1).readUInt8();
    const [path, etag] = [takeText(), takeText()];
    const depth = flags & IS_FULL ? 'full' : 'header';
    if (flags & IS_GOOD) {
      const contentHash = take(HASH_BYTES).toString('hex');
      const [width, height] = [take(4).readUInt32LE(), take(4).readUInt32LE()];
      const thumbnail = flags & HAS_THUMBNAIL ? take(THUMBNAIL_BYTES) : null;
      const isFlat = Boolean(flags & IS_FLAT);
      files.push({ path, etag, depth, verdict: { contentHash, width, height, thumbnail, isFlat } });
    } else {
      const [code, reason] = [takeText(), takeText()];
      if (isFindingCode(code)) files.push({ path, etag, depth, verdict: { code, reason } });
    }
  }
  return files;
}
