// Predicts the pictures of chunks that nobody has answered yet, and writes the answers chunk by chunk. So a process that is killed
// loses at most a chunk, and the next one goes on behind it. Knows neither leases nor queues.

import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { forEachConcurrent } from '../for-each-concurrent.ts';
import { imageTooLarge } from '../image/image-errors.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';
import { addCounts, type BatchCounts, type BatchPrediction } from '../job/record/batch-prediction.ts';
import type { LaneTurns } from '../lanes/lane-scheduler.ts';
import type { Predictor } from '../predict/predictor.ts';
import { isUnreadableObject } from '../storage/is-unreadable-object.ts';
import { type ObjectPart, readParts } from '../storage/object-parts.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type InputPicture, readInputChunk } from './input-picture.ts';
import { pictureInLine } from './parse-input-line.ts';
import { inputParts, toLineText } from './read-lines.ts';
import { type LineOutcome, toResultLine } from './result-line.ts';
import { commitResults, countLines, countResults, listResults } from './results.ts';

/** What predicting chunks works with. */
export interface PredictChunksDeps {
  readonly store: ObjectStore;
  readonly predictor: Predictor;
  readonly turns: LaneTurns;
  /** Pictures in hand at once: those that are computed, and those that are read meanwhile. */
  readonly concurrency: number;
  /** Ends the work, with its reason. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Is told how many pictures of the chunks are answered: once at the beginning, and after each chunk. */
  readonly onAnswered: (counts: BatchCounts, chunks: number) => Promise<void>;
}

/** What is predicted. */
export interface PredictChunksOptions {
  readonly batchId: string;
  readonly model: string;
  readonly batch: BatchPrediction;
  readonly chunks: readonly number[];
}

/**
 * Answers all pictures of the chunks.
 * @throws {FoveaError} `batch-expired`; what concerns the model and not a picture, as {@link Predictor.predict}; the reason of the signal.
 */
export async function predictChunks(
  deps: PredictChunksDeps,
  options: PredictChunksOptions,
): Promise<BatchCounts> {
  const { store, signal, now, onAnswered } = deps;
  const { batchId, batch, chunks } = options;
  const wanted = new Set(chunks);
  const answered = (await listResults(store, batchId)).filter(({ chunk }) => wanted.has(chunk));
  const done = new Set(answered.map(({ chunk }) => chunk));
  let counts = await countResults(store, answered);
  await onAnswered(counts, done.size);
  for (const chunk of chunks) {
    if (done.has(chunk)) continue;
    signal.throwIfAborted();
    if (batch.expiresAt !== null && now() >= batch.expiresAt * 1000) throw expired(batchId, batch);
    const lines = await predictChunk(deps, options, chunk);
    const isOurs = await commitResults(store, batchId, chunk, lines);
    counts = addCounts(
      counts,
      isOurs ? countLines(lines) : await countResults(store, await resultOf(store, batchId, chunk)),
    );
    done.add(chunk);
    await onAnswered(counts, done.size);
  }
  return counts;
}

const resultOf = async (store: ObjectStore, batchId: string, chunk: number) =>
  (await listResults(store, batchId)).filter((result) => result.chunk === chunk);

const expired = (batchId: string, { completionWindow }: BatchPrediction) =>
  new FoveaError(
    'batch-expired',
    `Batch "${batchId}" was not done within its completion_window of ${completionWindow}. What was answered by then can be downloaded.`,
  );

async function predictChunk(
  { store, predictor, turns, concurrency, signal }: PredictChunksDeps,
  { batchId, model, batch }: PredictChunksOptions,
  chunk: number,
): Promise<string[]> {
  const pictures = await readInputChunk(store, batchId, chunk);
  if (pictures === undefined)
    throw new FoveaError(
      'batch-input-missing',
      `The list of pictures ${chunk} of batch "${batchId}" was deleted.`,
    );
  const { version, topK, lines: form, chunkSize } = batch;
  const lines: string[] = [];
  const isInFile = pictures.some(({ inline }) => inline !== undefined);
  const file = isInFile ? await inputParts(store, batch.source.key) : [];
  await forEachConcurrent(pictures, concurrency, async (picture, at) => {
    signal.throwIfAborted();
    const place = { batchId, index: chunk * chunkSize + at, picture };
    const answer = async (images: readonly Uint8Array[]) =>
      predictor.predict({ model, version, images, topK, signal, turns });
    const content = await readPicture(store, picture, file, signal);
    const result = await answer(content instanceof Uint8Array ? [content] : []);
    const outcome: LineOutcome | undefined =
      content instanceof Uint8Array ? result.outcomes[0] : { ok: false, error: content };
    if (outcome === undefined) throw new TypeError('A picture has no outcome.');
    lines[at] = toResultLine(form, place, result, outcome);
  });
  return lines;
}

/** The bytes of a picture that a line of the file holds, or why there are none. */
async function readInline(
  store: ObjectStore,
  key: string,
  file: readonly ObjectPart[],
  range: NonNullable<InputPicture['inline']>,
): Promise<Uint8Array | FoveaError> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of readParts(store, file, range)) pieces.push(piece);
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    if (isUnreadableObject(error)) return error;
    if (error.code !== 'storage-conflict' && error.code !== 'range-not-satisfiable') throw error;
    pieces.length = 0;
  }
  if (pieces.length > 0) return pictureInLine(toLineText(Buffer.concat(pieces)));
  return new FoveaError(
    'picture-not-found',
    `The file "${key}" that holds the picture was changed or deleted.`,
  );
}

/** The bytes of a picture, or why there are none. */
async function readPicture(
  store: ObjectStore,
  { key, problem, inline }: InputPicture,
  file: readonly ObjectPart[],
  signal: AbortSignal,
): Promise<Uint8Array | Pick<FoveaError, 'code' | 'message'>> {
  if (inline !== undefined) return readInline(store, key, file, inline);
  // The code is one of this version's, or of one that came later: it is only repeated.
  if (problem !== undefined) return problem as Pick<FoveaError, 'code' | 'message'>;
  const { maxBytes } = DEFAULT_IMAGE_LIMITS;
  try {
    const object = await store.get(key, { range: { start: 0, end: maxBytes - 1 }, signal });
    if (object === undefined)
      return new FoveaError(
        'picture-not-found',
        `There is no object "${key}": it was deleted, or never there.`,
      );
    return object.sizeBytes > maxBytes ? imageTooLarge(object.sizeBytes, maxBytes) : object.body;
  } catch (error) {
    // An object without bytes has no first one.
    if (isFoveaError(error, 'range-not-satisfiable')) return new Uint8Array();
    if (isFoveaError(error) && isUnreadableObject(error)) return error;
    throw error;
  }
}
