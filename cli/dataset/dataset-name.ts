// Names the model and the dataset that the demo makes of a folder.

import path from 'node:path';
import { contentHashOf } from '../../core/content-hash.ts';
import { compareText } from '../../core/dataset/compare-text.ts';
import { MODEL_NAME_MAX_LENGTH, suggestModelName } from '../../core/model/model-name.ts';

const HASH_DIGITS = 8;

/** The first 8 hexadecimal digits of the text's hash: enough to tell the datasets of one machine apart. */
export const shortHashOf = (text: string): string =>
  contentHashOf(new TextEncoder().encode(text)).slice(0, HASH_DIGITS);

/**
 * A folder's name in the characters that models may have, or `dataset-<hash>` where none of its characters is allowed.
 * It is short enough for {@link toDatasetName} to extend it.
 */
export function toModelName(folder: string): string {
  const absolute = path.resolve(folder);
  return suggestModelName(
    path.basename(absolute),
    `dataset-${shortHashOf(absolute)}`,
    MODEL_NAME_MAX_LENGTH - HASH_DIGITS - 1,
  );
}

/** The name followed by a hash of the files' paths and sizes: other files are another dataset, and never mix with these. */
export function toDatasetName(
  name: string,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
): string {
  const lines = files.map((file) => JSON.stringify([file.path, file.sizeBytes])).sort(compareText);
  return `${name}-${shortHashOf(lines.join('\n'))}`;
}
