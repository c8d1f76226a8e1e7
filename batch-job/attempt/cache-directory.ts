// Where this user's machine keeps what Fovea builds once: entry points ask here, everything else is told.

import { homedir } from 'node:os';
import path from 'node:path';

/** `$XDG_CACHE_HOME/fovea`, or `~/.cache/fovea`. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return path.join(base === undefined || base === '' ? path.join(homedir(), '.cache') : base, 'fovea');
}
