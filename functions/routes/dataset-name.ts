// What the names in a dataset may be when they come over HTTP. Folders made by hand may have others, as long as they
// can be object keys.

import { FoveaError } from '../../core/errors/errors.ts';

/** What file systems allow for one name. */
export const NAME_MAX_BYTES = 255;
const SHOWN_CHARACTERS = 80;

/** Nothing that is a path, a hidden file, or cannot be printed; otherwise names are as people give them. */
const isSafe = (name: string) =>
  name !== '' &&
  Buffer.byteLength(name) <= NAME_MAX_BYTES &&
  !name.startsWith('.') &&
  !/[/\\\p{Cc}\p{Surrogate}]/u.test(name);

/** @throws {FoveaError} `dataset-name-invalid`. */
export const parseDatasetName = (name: string, param = 'dataset'): string =>
  parseName(name, param, 'dataset');

/** @throws {FoveaError} `dataset-name-invalid`. */
export const parseClassName = (name: string, param = 'class'): string => parseName(name, param, 'class');

/** @throws {FoveaError} `dataset-name-invalid`. */
export const parseFileName = (name: string, param = 'file'): string => parseName(name, param, 'file');

function parseName(name: string, param: string, kind: string): string {
  if (isSafe(name)) return name;
  throw new FoveaError(
    'dataset-name-invalid',
    `${JSON.stringify(name.slice(0, SHOWN_CHARACTERS))} cannot be the name of a ${kind}: it must have 1 to ` +
      `${NAME_MAX_BYTES} bytes of UTF-8, not start with ".", and hold no "/", "\\" or control character.`,
    { param },
  );
}
