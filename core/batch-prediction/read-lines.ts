// Reads a text file of the store line by line, a few megabytes at a time. Knows nothing of what the lines say.

import { isFoveaError } from '../errors/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { inputInvalid } from './input-key.ts';

const PIECE_BYTES = 4 * 1024 * 1024;
/** As OpenAI limits it. */
const MOST_BYTES = 200 * 1024 * 1024;

/**
 * The lines, numbered from 1, without their ends. All pieces are of one state of the file.
 * @throws {FoveaError} `batch-input-invalid`: there is no such file, it is too large, no UTF-8, or was changed meanwhile.
 */
export async function* readLines(
  store: ObjectStore,
  key: string,
  param: string,
): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  const info = await store.head(key);
  if (info === undefined) throw inputInvalid(`There is no file "${key}".`, param);
  if (info.sizeBytes > MOST_BYTES)
    throw inputInvalid(
      `The file "${key}" has ${info.sizeBytes} bytes; at most ${MOST_BYTES} are read. Make several batches.`,
      param,
    );
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes: Uint8Array | undefined) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw inputInvalid(`The file "${key}" is not UTF-8.`, param);
    }
  };
  let line = 0;
  let rest = '';
  for (let start = 0; start < info.sizeBytes; start += PIECE_BYTES) {
    const piece = await store
      .get(key, { range: { start, end: start + PIECE_BYTES - 1 } })
      .catch((error: unknown) => {
        if (isFoveaError(error, 'range-not-satisfiable')) return undefined;
        throw error;
      });
    if (piece?.etag !== info.etag)
      throw inputInvalid(`The file "${key}" was changed while it was read.`, param);
    const lines = (rest + decode(piece.body)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) yield { line: ++line, text };
  }
  rest += decode(undefined);
  if (rest !== '') yield { line: ++line, text: rest };
}
