// Counts the GPUs of this machine, by which set-up decides whether a job may have several. Reads files only.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Number of the NVIDIA GPUs that this process may use.
 *
 * @param root The root of the file system.
 */
export function countGpus(root = '/'): number {
  const devices = path.join(root, 'dev');
  return existsSync(devices) ? readdirSync(devices).filter((name) => /^nvidia\d+$/.test(name)).length : 0;
}
