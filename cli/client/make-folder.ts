// Makes folders for files that a command writes, or says in one line why it cannot.

import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../terminal/exit-codes.ts';

/**
 * Makes a folder, and those around it that are missing. One after the other: Node's own way does not end below `/proc`.
 * @throws {UsageError} where a name on the way is a file's, or the system refuses.
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    const found = await stat(place).catch(() => undefined);
    if (found?.isDirectory() === true) break;
    if (found !== undefined)
      throw new UsageError(`"${folder}" cannot be made: "${place}" is no folder. Choose another with -o.`);
    missing.unshift(place);
  }
  for (const place of missing)
    await mkdir(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST')
        throw new UsageError(`"${folder}" cannot be made (${error.code}). Choose another folder with -o.`, {
          cause: error,
        });
    });
}

/**
 * Checks that a file can be written.
 * @returns whether there is one, which will be replaced.
 * @throws {UsageError} where its folder is missing, or it is a folder itself.
 */
export async function checkTarget(file: string): Promise<boolean> {
  const folder = path.dirname(file);
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true)
    throw new UsageError(`There is no folder "${folder}". Make it first, or choose another file with -o.`);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true)
    throw new UsageError(`"${file}" is a folder. Name a file, e.g. ${path.join(file, 'model.onnx')}.`);
  return found !== undefined;
}
