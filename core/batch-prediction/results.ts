// The results of a batch prediction in the store: an object for each chunk, written once and whole. So a chunk is answered or not, and
// who answers it a second time changes nothing.

import { mapConcurrently } from '../concurrently.ts';
import { addCounts, type BatchCounts, NOTHING_ANSWERED } from '../job/record/batch-prediction.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { isErrorLine } from './result-line.ts';

/** The answers for one chunk. */
export interface ResultChunk {
  readonly chunk: number;
  readonly key: string;
  readonly sizeBytes: number;
  /** Entity tag of its object. */
  readonly etag: string;
}

/** Results are read so many chunks at a time. */
const CONCURRENCY = 4;

/** The chunks that are answered, in their order. */
export async function listResults(store: ObjectStore, batchId: string): Promise<ResultChunk[]> {
  const chunks: ResultChunk[] = [];
  for await (const { key, sizeBytes, etag } of store.list(keys.batchResults(batchId)))
    chunks.push({ chunk: keys.batchChunk(key), key, sizeBytes, etag });
  return chunks;
}

/**
 * Writes the answers for a chunk.
 * @returns whether it was this call; false where another has written them before.
 */
export async function commitResults(
  store: ObjectStore,
  batchId: string,
  chunk: number,
  lines: readonly string[],
): Promise<boolean> {
  try {
    await store.put(keys.batchResult(batchId, chunk), lines.map((line) => `${line}\n`).join(''), {
      ifNoneMatch: '*',
      contentType: 'application/jsonl',
    });
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailedError) return false;
    throw error;
  }
}

/** The lines of a chunk. @throws {Error} where it was deleted meanwhile. */
export async function readResultLines(store: ObjectStore, key: string): Promise<string[]> {
  const object = await store.get(key);
  if (object === undefined) throw new Error(`The results "${key}" were deleted while they were read.`);
  return new TextDecoder().decode(object.body).trimEnd().split('\n');
}

/** The lines of all chunks that are wanted, chunk by chunk, as bytes. */
export async function* readSomeLines(
  store: ObjectStore,
  chunks: readonly Pick<ResultChunk, 'key'>[],
  isWanted: (line: string) => boolean,
): AsyncGenerator<Uint8Array> {
  for (const { key } of chunks) {
    const lines = (await readResultLines(store, key)).filter(isWanted);
    if (lines.length > 0) yield new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  }
}

/** Counts lines with predictions and lines with errors. */
export const countLines = (lines: readonly string[]): BatchCounts => {
  const failed = lines.filter(isErrorLine).length;
  return { completed: lines.length - failed, failed };
};

/** Counts the pictures of chunks that are answered, by reading them. */
export async function countResults(
  store: ObjectStore,
  chunks: readonly Pick<ResultChunk, 'key'>[],
): Promise<BatchCounts> {
  const counts = await mapConcurrently(
    chunks,
    async ({ key }) => countLines(await readResultLines(store, key)),
    CONCURRENCY,
  );
  return counts.reduce(addCounts, NOTHING_ANSWERED);
}
