// Leaves of a folder that set-up has made what a job needs when it runs. Headers and the packages that the addon was compiled
// from go; so does what an earlier list kept and today's does not.

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ADDON_PACKAGE, type NativeVariant } from '../addon/addon.ts';
import { LIBRARY_LINK } from './cuda-wheels.ts';
import { LOADER_FILE } from './onnx-provider.ts';
import { CUDA_LIBRARIES, WHEEL_SETS } from './wheels.ts';

/** The folder as a whole: what is compiled, and what came in wheels. */
const TOP = ['node_modules', 'python', 'unpacked.json'];

/** Every file that some set keeps, so that a folder that runs imported backbones still does. */
const KEPT = new Set([
  ...[...Object.values(WHEEL_SETS).map(({ tensorflow }) => tensorflow), ...CUDA_LIBRARIES].flatMap(
    ({ keeps }) => keeps,
  ),
  LIBRARY_LINK.file,
  LOADER_FILE,
]);

/** Removes what no job needs. Leaves a folder alone that was made by the packages' own installer. */
export async function trimFolder(directory: string, variant: NativeVariant): Promise<void> {
  if (!existsSync(path.join(directory, 'unpacked.json'))) return;
  await keepOnly(directory, '', (file) => TOP.includes(file.split('/', 1)[0] ?? ''));
  const addon = ADDON_PACKAGE[variant];
  await keepOnly(path.join(directory, 'node_modules'), '', (file) =>
    [`${addon}/package.json`, `${addon}/lib`].some((kept) => file === kept || file.startsWith(`${kept}/`)),
  );
  await keepOnly(
    path.join(directory, 'python'),
    '',
    (file) => KEPT.has(file) || /^[^/]+\.dist-info\//.test(file),
  );
}

/**
 * Removes files, and the folders that are empty then.
 *
 * @returns Whether something was kept.
 */
async function keepOnly(root: string, folder: string, isKept: (file: string) => boolean): Promise<boolean> {
  let keptSome = false;
  for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
    const file = path.posix.join(folder, entry.name);
    const kept = entry.isDirectory() ? await keepOnly(root, file, isKept) : isKept(file);
    if (kept) keptSome = true;
    else await rm(path.join(root, file), { recursive: true });
  }
  return keptSome;
}
