// The fallback where wheels do not lead to a native back end: tfjs-node's own installer, which downloads an older TensorFlow
// and a compiled addon from hosts of its own. Its CUDA does not run on today's GPUs.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ADDON_PACKAGE, addonPath } from '../addon/addon.ts';
import { tryAddon } from './build-addon.ts';
import { isDiskFull, runCommand } from './run-command.ts';
import { installerFailed } from './setup-errors.ts';

/**
 * Runs the installer of a folder that has the packages.
 *
 * @returns TensorFlow's version.
 * @throws {FoveaError} `native-installer-failed`, `native-load-failed`.
 */
export async function installByPackage(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  const name = ADDON_PACKAGE.cpu;
  // The installer takes a library that is there, even half of one, for the whole.
  for (const part of ['deps', 'lib']) {
    await rm(path.join(directory, 'node_modules', name, part), { recursive: true, force: true });
  }
  const args = ['rebuild', name, '--ignore-scripts=false', '--foreground-scripts'];
  const { code, tail } = await runCommand('npm', args, { cwd: directory, env });
  if (code !== 0) throw isDiskFull(tail) ? new Error(tail) : installerFailed(tail);
  return tryAddon(addonPath(directory, 'cpu'), env);
}
