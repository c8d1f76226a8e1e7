// Makes folders one after the other: Node's own way with parents (`recursive`) does not end below `/proc`, where the system makes none.

import { lstat, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder, and those around it that are missing; nothing where it is there.
 * @throws the error of the system, e.g. with code `EACCES`; `EEXIST` or `ENOTDIR` where a file is in the way; `ENOENT` where the folder around it
 * was removed meanwhile, or takes no folders.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
    return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return throwUnlessFolder(folder, error);
    const parent = path.dirname(folder);
    if (parent === folder) throw error;
    await makeFolder(parent);
  }
  await mkdir(folder).catch((error: unknown) => throwUnlessFolder(folder, error));
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

/** The system may refuse to make a folder that is there with another code than `EEXIST`. One that others remove meanwhile is made again. */
async function throwUnlessFolder(folder: string, error: unknown): Promise<void> {
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory();
  if (isFolder === true) return;
  const wasRemoved = isFolder === undefined && codeOf(error) === 'EEXIST' && !(await isLink(folder));
  if (!wasRemoved) throw error;
  await makeFolder(folder);
}

const isLink = async (file: string): Promise<boolean> =>
  (await lstat(file).catch(() => undefined))?.isSymbolicLink() === true;
