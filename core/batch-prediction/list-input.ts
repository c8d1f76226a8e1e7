// Lists the pictures of a batch prediction: all objects below a prefix, or the lines of a JSONL file. Reads no picture.

import { isHiddenName } from '../dataset/hidden-name.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { inputInvalid } from './input-key.ts';
import { type InputPicture, inlinePicture } from './input-picture.ts';
import { type ParseLineOptions, parseInputLine } from './parse-input-line.ts';
import { readLines } from './read-lines.ts';

/** Where pictures are named. */
export interface InputSource {
  readonly kind: 'prefix' | 'file';
  readonly key: string;
}

/** A picture, and the size of its file where the listing told it. */
export interface ListedPicture extends InputPicture {
  readonly sizeBytes?: number;
}

/** Problems of lines that are told at most. */
const MOST_PROBLEMS = 10;

/** How pictures are listed. */
export interface ListInputOptions extends Omit<ParseLineOptions, 'storeUrl'> {
  /** The request's field that named the source. */
  readonly param: string;
  readonly signal?: AbortSignal;
}

/**
 * The pictures, in the order of their keys or of the file.
 * @throws {FoveaError} `batch-input-invalid`: there is no such file, or lines of it cannot be understood.
 */
export const listInput = (
  store: ObjectStore,
  { kind, key }: InputSource,
  options: ListInputOptions,
): AsyncIterable<ListedPicture> =>
  kind === 'prefix' ? listPrefix(store, key, options.signal) : listFile(store, key, options);

async function* listPrefix(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedPicture> {
  for await (const { key, sizeBytes } of store.list(prefix, signal === undefined ? {} : { signal }))
    if (!key.split('/').some(isHiddenName)) yield { key, customId: null, sizeBytes };
}

async function* listFile(
  store: ObjectStore,
  key: string,
  { param, endpoint, mayReadDatasets }: ListInputOptions,
): AsyncGenerator<ListedPicture> {
  const problems: { readonly line: number; readonly message: string }[] = [];
  const seen = new Set<string>();
  for await (const { line, text, ...range } of readLines(store, key, param)) {
    if (text.trim() === '') continue;
    const parsed = parseInputLine(text, { storeUrl: store.url, endpoint, mayReadDatasets });
    if (!('customId' in parsed)) problems.push({ line, message: parsed.problem });
    else if (parsed.customId !== null && seen.has(parsed.customId))
      problems.push({
        line,
        message: `the custom_id ${JSON.stringify(parsed.customId)} is that of another line`,
      });
    else {
      if (parsed.customId !== null) seen.add(parsed.customId);
      if (problems.length > 0) continue;
      if (parsed.isInline)
        yield { ...inlinePicture(key, parsed.customId, range), sizeBytes: bytesOfBase64(range) };
      else yield parsed;
    }
    if (problems.length === MOST_PROBLEMS) break;
  }
  if (problems.length > 0)
    throw inputInvalid(
      `The file "${key}" is not a list of pictures. ${problems.map(({ line, message }) => `Line ${line}: ${message}.`).join(' ')} ` +
        'Each line is JSON: {"key": "inputs/1.jpg"}, with "custom_id" if you like, or a request in the form of OpenAI\'s batches.',
      param,
      { lines: problems },
    );
}

/** About so many bytes has the picture that a line holds. */
const bytesOfBase64 = ({ start, end }: { readonly start: number; readonly end: number }) =>
  Math.ceil(((end + 1 - start) * 3) / 4);
