// A Python environment of its own with packages of given versions; made once, kept in the cache.

import { execFile } from 'node:child_process';
import { access, mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const OLDEST_PYTHON = '(3, 10)';

/**
 * The folder of the environment's programs.
 * @param name what the environment is for; its folder in the cache.
 * @param packages e.g. `pillow==13.0.0`. Others need another environment.
 * @throws where there is no such Python, or the packages cannot be had.
 */
export async function preparePython(name: string, packages: readonly string[]): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'fovea', name, packages.join('_'));
  const programs = path.join(folder, 'bin');
  const isThere = await access(path.join(programs, 'ready')).then(
    () => true,
    () => false,
  );
  if (isThere) return programs;
  await run('python3', ['-c', `import sys; assert sys.version_info >= ${OLDEST_PYTHON}, sys.version`]);
  await mkdir(folder, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(path.join(programs, 'pip'), ['install', '--quiet', ...packages]);
    await mkdir(path.join(programs, 'ready'));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return programs;
}
