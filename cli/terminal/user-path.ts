// Paths as the user means them: npm runs the command in the package's folder, wherever it was asked for.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

const IS_URL = /^[a-z][a-z0-9]+:/i;

/**
 * A path of an option or argument, from the folder that the user is in. What is no path but a URL stays as it is.
 * @param initCwd Where npm was called, as it says in `INIT_CWD`.
 */
export function toUserPath(
  text: string,
  initCwd: string | undefined = process.env['INIT_CWD'],
  cwd: string = process.cwd(),
): string {
  // Somewhere else, npm has not moved this command: the variable is from a script around it.
  const isMoved = initCwd !== undefined && initCwd !== '' && cwd === PACKAGE_ROOT && initCwd !== cwd;
  return isMoved && !IS_URL.test(text) ? path.resolve(initCwd, text) : text;
}
