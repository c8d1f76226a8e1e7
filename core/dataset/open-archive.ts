// Opens an archive of either format, by its first bytes. A zip archive has its directory at its end, so it is kept in a temporary file.

import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isDiskFull } from '../disk-full.ts';
import { FoveaError } from '../errors/errors.ts';
import { type ArchiveEntry, type ArchiveLimits, archiveInvalid } from './archive-entry.ts';

/** How a zip archive begins; the second, one without entries. */
const ZIP = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
];
const GZIP = [0x1f, 0x8b];
const SIGNATURE_BYTES = 4;

/**
 * The files of a `.zip` or `.tar.gz` archive, one after another.
 *
 * @param chunks the archive as it arrives.
 * @throws {FoveaError} `archive-invalid`, `archive-too-large`, `storage-full` where the temporary folder has no room; what `chunks` throws.
 */
export async function* openArchive(
  chunks: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const { first, all } = await peek(chunks);
  const begins = (signature: readonly number[]) => signature.every((byte, at) => first[at] === byte);
  // Loaded with the first archive: most servers and functions never see one.
  if (begins(GZIP)) {
    const { readTar } = await import('./read-tar.ts');
    yield* readTar(all, limits);
  } else if (ZIP.some(begins)) yield* readSpooled(all, limits);
  else throw archiveInvalid(first.length === 0 ? 'it is empty' : 'it is neither a zip nor a gzip file');
}

async function* readSpooled(chunks: AsyncIterable<Uint8Array>, limits: ArchiveLimits) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-archive-'));
  try {
    const file = path.join(folder, 'archive.zip');
    await pipeline(chunks, createWriteStream(file)).catch((cause: unknown) => {
      if (!isDiskFull(cause)) throw cause;
      throw new FoveaError(
        'storage-full',
        'The temporary folder has no room for the archive. Send a smaller one, or free some room.',
        { cause },
      );
    });
    const { readZip } = await import('./read-zip.ts');
    yield* readZip(file, limits);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first bytes, and all chunks from the beginning. */
async function peek(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array();
  while (first.length < SIGNATURE_BYTES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first = Buffer.concat([first, value]);
  }
  async function* all() {
    if (first.length > 0) yield first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { first, all: all() };
}
