// What the demo calls the model and the dataset that it makes of a folder.

import path from 'node:path';
import { contentHashOf } from '../../core/content-hash.ts';
import { compareText } from '../../core/dataset/compare-text.ts';
import { MODEL_NAME_MAX_LENGTH } from '../../core/model/model-name.ts';

const HASH_DIGITS = 8;

/** The first 8 hexadecimal digits of the text's hash: enough to tell the datasets of one machine apart. */
export const shortHashOf = (text: string): string =>
  contentHashOf(new TextEncoder().encode(text)).slice(0, HASH_DIGITS);

/**
 * A folder's name in the characters that models may have, or `dataset-<hash>` where none is left of it; short enough
 * for {@link toDatasetName} to add to it.
 */
export function toModelName(folder: string): string {
  const absolute = path.resolve(folder);
  const name = path
    .basename(absolute)
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MODEL_NAME_MAX_LENGTH - HASH_DIGITS - 1)
    .replace(/-+$/, '');
  return name === '' ? `dataset-${shortHashOf(absolute)}` : name;
}

/** The name with a hash of the paths and sizes behind it: other files are another dataset, and never mix with these. */
export function toDatasetName(
  name: string,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
): string {
  const lines = files.map((file) => JSON.stringify([file.path, file.sizeBytes])).sort(compareText);
  return `${name}-${shortHashOf(lines.join('\n'))}`;
}
