// Reads a text file of the store line by line, a few megabytes at a time. Knows nothing of what the lines say.

import { readByteLines } from '../byte-lines.ts';
import { isFoveaError } from '../errors/errors.ts';
import { isFileId } from '../file/file-id.ts';
import { keys } from '../storage/keys.ts';
import { sizeOfParts } from '../storage/object-parts.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { inputInvalid } from './input-key.ts';

const PIECE_BYTES = 4 * 1024 * 1024;
/** As OpenAI limits it. */
export const MOST_INPUT_BYTES = 200 * 1024 * 1024;
/** A line may hold the largest picture as base64. */
const MOST_LINE_BYTES = 28_000_000;

/** A line, and where it is in the file. */
export interface FileLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Its first byte in the file. */
  readonly start: number;
  /** Its last byte, without its end. */
  readonly end: number;
}

/**
 * The text of a line, without the byte order mark with which some programs begin a file.
 * @throws {TypeError} where it is not UTF-8.
 */
export const toLineText = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** The objects that a file consists of: one, or those of a file that a client has sent. */
export async function inputParts(store: ObjectStore, key: string): Promise<ObjectInfo[]> {
  if (!isFileId(key)) {
    const info = await store.head(key);
    return info === undefined ? [] : [info];
  }
  const parts: ObjectInfo[] = [];
  for await (const part of store.list(keys.fileContent(key))) parts.push(part);
  return parts;
}

/**
 * The lines, without their ends. All pieces are of one state of the file.
 * @throws {FoveaError} `batch-input-invalid`: there is no such file, it or a line is too large, it is no UTF-8, or was changed meanwhile.
 */
export async function* readLines(store: ObjectStore, key: string, param: string): AsyncGenerator<FileLine> {
  const parts = await inputParts(store, key);
  if (parts.length === 0) throw inputInvalid(`There is no file "${key}".`, param);
  const sizeBytes = sizeOfParts(parts);
  if (sizeBytes > MOST_INPUT_BYTES)
    throw inputInvalid(
      `The file "${key}" has ${sizeBytes} bytes; at most ${MOST_INPUT_BYTES} are read. Make several batches.`,
      param,
    );
  const toLine = (line: number, bytes: Uint8Array, start: number): FileLine => {
    try {
      return { line, text: toLineText(bytes), start, end: start + bytes.byteLength - 1 };
    } catch {
      throw inputInvalid(`The file "${key}" is not UTF-8.`, param);
    }
  };
  const tooLong = (line: number) =>
    inputInvalid(
      `Line ${line} of the file "${key}" has more than ${MOST_LINE_BYTES} bytes, which no picture needs. Name the picture by its key instead.`,
      param,
    );
  const pieces = readPieces(store, key, parts, param);
  for await (const { line, bytes, start } of readByteLines(pieces, MOST_LINE_BYTES, tooLong))
    yield toLine(line, bytes, start);
}

async function* readPieces(
  store: ObjectStore,
  key: string,
  parts: readonly ObjectInfo[],
  param: string,
): AsyncGenerator<Uint8Array> {
  for (const { key: part, sizeBytes, etag } of parts)
    for (let start = 0; start < sizeBytes; start += PIECE_BYTES) {
      const piece = await store
        .get(part, { range: { start, end: start + PIECE_BYTES - 1 } })
        .catch((error: unknown) => {
          if (isFoveaError(error, 'range-not-satisfiable')) return undefined;
          throw error;
        });
      if (piece?.etag !== etag) throw inputInvalid(`The file "${key}" was changed while it was read.`, param);
      yield piece.body;
    }
}
