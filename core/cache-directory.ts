// Finds the folder in which this user's machine keeps what Fovea builds or downloads once. Only entry points call it; other code is
// given the folder.

import { homedir } from 'node:os';
import path from 'node:path';

/** `$XDG_CACHE_HOME/fovea`, or `~/.cache/fovea` where the variable is empty or not set. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return path.join(base === undefined || base === '' ? path.join(homedir(), '.cache') : base, 'fovea');
}
