// Resolves paths as the user means them: npm runs the command in the package's folder, wherever the user is.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder, without a slash at its end. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

const IS_URL = /^[a-z][a-z0-9]+:/i;

/**
 * The path of an option or argument, resolved from the folder in which the user is. A URL stays as it is.
 * @param initCwd the folder in which npm was called, as it says in `INIT_CWD`.
 */
export function toUserPath(
  text: string,
  initCwd: string | undefined = process.env['INIT_CWD'],
  cwd: string = process.cwd(),
): string {
  // In any other folder, npm has not moved this command, and the variable comes from a script around it.
  const isMoved = initCwd !== undefined && initCwd !== '' && cwd === PACKAGE_ROOT && initCwd !== cwd;
  return isMoved && !IS_URL.test(text) ? path.resolve(initCwd, text) : text;
}
