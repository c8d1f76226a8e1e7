// The names that weight files may have in a store or a folder. Knows nothing of what is in the files.

import { FoveaError } from '../../errors/errors.ts';

/** A name and never a path, since requests come over the network. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/**
 * Gives a name back that a weight file may have.
 * @param param The field of the request, or the option, that the error names.
 * @throws {FoveaError} `weights-unavailable`.
 */
export function parseWeightFileName(name: string, param: string): string {
  if (FILE_NAME.test(name)) return name;
  throw new FoveaError(
    'weights-unavailable',
    `${JSON.stringify(name.slice(0, 80))} cannot be the name of a weight file: it must be a file name without folders, ` +
      'of A-Z, a-z, 0-9, ".", "_" and "-", starting with a letter or a digit.',
    { param },
  );
}
