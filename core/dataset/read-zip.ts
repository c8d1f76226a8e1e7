// Reads the files of a zip archive one after another, by its directory, so that it needs the memory of one file.

import { close } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Entry, fromFdPromise, getFileNameLowLevel, type ZipFile } from 'yauzl';
import { isFoveaError } from '../errors/errors.ts';
import {
  ArchiveBounds,
  type ArchiveEntry,
  type ArchiveLimits,
  archiveInvalid,
  entryRefused,
  tooLargeFile,
} from './archive-entry.ts';

/** Where Unix keeps the kind of a file, in the attributes of an entry. */
const KIND_SHIFT = 28;
const KINDS = { none: 0, regular: 0o10 } as const;

const closeAsync = promisify(close);

/**
 * The files of an archive on disk. Folders are left out; what is no file, or cannot be unpacked, has an error in its place.
 *
 * @param file its descriptor, which this closes.
 * @throws {FoveaError} `archive-invalid`, `archive-too-large`.
 */
export async function* readZip(file: number, limits: ArchiveLimits): AsyncGenerator<ArchiveEntry> {
  const bounds = new ArchiveBounds(limits);
  let unpackedBytes = 0;
  let zip: ZipFile;
  try {
    // Names are checked one by one: a bad one shall not end the rest.
    zip = await fromFdPromise(file, { decodeStrings: false, autoClose: false });
  } catch (cause) {
    await closeAsync(file);
    throw damaged(cause);
  }
  try {
    for await (const entry of zip.eachEntry()) {
      bounds.countEntry();
      unpackedBytes += entry.uncompressedSize;
      bounds.checkBytes(zip.fileSize, unpackedBytes);
      const path = nameOf(entry);
      if (path.endsWith('/')) continue;
      const sizeBytes = entry.uncompressedSize;
      const problem = problemOf(path, entry) ?? tooLargeFile(sizeBytes, limits);
      yield { path, sizeBytes, content: problem ?? (await unpack(zip, path, entry)) };
    }
  } catch (cause) {
    throw isFoveaError(cause) ? cause : damaged(cause);
  } finally {
    zip.close();
  }
}

const damaged = (cause: unknown) => archiveInvalid('the zip archive is damaged or cut off', cause);

const nameOf = ({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string =>
  getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);

function problemOf(path: string, entry: Entry) {
  const kind = entry.externalFileAttributes >>> KIND_SHIFT;
  // Only Unix has kinds there; other systems have zeros.
  if (entry.versionMadeBy >>> 8 === 3 && kind !== KINDS.none && kind !== KINDS.regular)
    return entryRefused(path, 'it is a link or a device');
  if (entry.isEncrypted()) return entryRefused(path, 'it is protected by a password');
  return undefined;
}

async function unpack(zip: ZipFile, path: string, entry: Entry): Promise<ArchiveEntry['content']> {
  try {
    const chunks: Buffer[] = [];
    const stream: Readable = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks);
    if (crc32(content) === entry.crc32) return content;
    return entryRefused(path, 'its bytes do not fit their checksum');
  } catch (cause) {
    return entryRefused(path, 'it is damaged, or compressed in a way that is not known', cause);
  }
}
