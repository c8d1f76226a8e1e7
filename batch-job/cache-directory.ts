// Where this user's machine keeps what Fovea builds once: entry points ask here, everything else is told.

import path from 'node:path';
import { defaultCacheDirectory } from './tensorflow/native/native-directory.ts';

/** `$XDG_CACHE_HOME/fovea`, or `~/.cache/fovea`. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return base === undefined || base === '' ? defaultCacheDirectory() : path.join(base, 'fovea');
}
