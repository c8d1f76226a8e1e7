// Reads the files of a .tar.gz archive one after another while it arrives, so that it needs the memory of one file.

import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { isFoveaError } from '../errors/errors.ts';
import {
  ArchiveBounds,
  type ArchiveEntry,
  type ArchiveLimits,
  archiveInvalid,
  entryRefused,
  tooLargeFile,
} from './archive-entry.ts';

const CHUNK_BYTES = 65_536;

/**
 * The files of an archive. Folders are left out; what is no file, or is too large, has an error in its place.
 *
 * @throws {FoveaError} `archive-invalid`, `archive-too-large`; what `chunks` throws.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const bounds = new ArchiveBounds(limits);
  const unpacked = unzipped(chunks, bounds);
  const entries = Readable.toWeb(unpacked.bytes).pipeThrough(createTarDecoder({ strict: true }));
  try {
    for await (const { header, body } of entries as AsyncIterable<ParsedTarEntry>) {
      bounds.countEntry();
      const { name: path, size: sizeBytes, type = 'file' } = header;
      const problem =
        type === 'file' ? tooLargeFile(sizeBytes, limits) : entryRefused(path, 'it is a link or a device');
      if (problem !== undefined || type === 'directory') await body.cancel();
      if (type === 'directory') continue;
      yield { path, sizeBytes, content: problem ?? (await collect(body)) };
    }
    if (unpacked.damage() !== undefined) throw unpacked.damage();
  } catch (cause) {
    throw isFoveaError(cause)
      ? cause
      : archiveInvalid('the .tar.gz archive is damaged or cut off', unpacked.damage() ?? cause);
  }
}

/**
 * Unpacks within the bounds. An error of the body or of the bounds comes out of the stream. Damage ends it, so that the files before it
 * are not lost; where the archive is cut off, it ends as well.
 */
function unzipped(chunks: AsyncIterable<Uint8Array>, bounds: ArchiveBounds) {
  let packedBytes = 0;
  let unpackedBytes = 0;
  let damage: unknown;
  async function* counted() {
    for await (const chunk of chunks) {
      packedBytes += chunk.byteLength;
      yield chunk;
    }
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  pipeline(Readable.from(counted(), { objectMode: true, highWaterMark: 1 }), gunzip, () => undefined);
  async function* bounded() {
    try {
      for await (const chunk of gunzip) {
        unpackedBytes += (chunk as Buffer).byteLength;
        bounds.checkBytes(packedBytes, unpackedBytes);
        yield chunk as Buffer;
      }
    } catch (error) {
      if (isFoveaError(error)) throw error;
      damage = error;
    }
  }
  return {
    bytes: Readable.from(bounded(), { objectMode: true, highWaterMark: 1 }),
    /** What the stream ended with before its end. */
    damage: () => damage,
  };
}

async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts);
}
