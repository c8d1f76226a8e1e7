// Opens an archive of either format, by its first bytes. A zip archive has its directory at its end, so it is kept in a file without a name.

import { close, write } from 'node:fs';
import os from 'node:os';
import { promisify } from 'node:util';
import { isDiskFull } from '../disk-full.ts';
import { FoveaError } from '../errors/errors.ts';
import { openNameless } from '../open-nameless.ts';
import { type ArchiveEntry, type ArchiveLimits, archiveInvalid } from './archive-entry.ts';

/** How a zip archive begins; the second, one without entries. */
const ZIP = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
];
const GZIP = [0x1f, 0x8b];
const SIGNATURE_BYTES = 4;

const writeAsync = promisify(write);
const closeAsync = promisify(close);

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
  const { readZip } = await import('./read-zip.ts');
  const file = openNameless(os.tmpdir());
  try {
    for await (const chunk of chunks) await append(file, chunk);
  } catch (error) {
    await closeAsync(file);
    throw error;
  }
  yield* readZip(file, limits);
}

async function append(file: number, chunk: Uint8Array): Promise<void> {
  try {
    for (let from = 0; from < chunk.byteLength; )
      from += (await writeAsync(file, chunk, from, chunk.byteLength - from, null)).bytesWritten;
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new FoveaError(
      'storage-full',
      'The temporary folder has no room for the archive. Send a smaller one, or free some room.',
      { cause },
    );
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
