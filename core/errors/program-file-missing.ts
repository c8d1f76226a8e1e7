// Tells failures of the program's own files from failures of the data that it reads.

import { FoveaError } from './errors.ts';

/** Node's codes where a module, a thread's file or a library of the program is not there or does not load. */
const CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED', 'ENOENT'];

/**
 * The error `program-incomplete` where something failed because a file of the program is missing, else `undefined`. Ask only where
 * no file of the user is opened: a path that a user gave may be missing, too.
 */
export function toProgramIncomplete(error: unknown): FoveaError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !CODES.includes(error.code)) return undefined;
  return new FoveaError(
    'program-incomplete',
    `A file of Fovea itself, or of a package that it needs, is missing or does not load: ${error.message}. The data is not concerned. ` +
      'Install Fovea again (npm ci), for this platform, and restart it.',
    { cause: error },
  );
}
