// Lists what is in a folder on this machine. Links are followed: a user who names the folder wants what they lead to.

import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { compareText } from '../../core/dataset/compare-text.ts';
import { isHiddenName } from '../../core/dataset/hidden-name.ts';

/** A file below the folder, with its size in bytes; or a link that leads to no file, with the reason. */
export type FolderEntry =
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'dead-link'; readonly path: string; readonly reason: string };

/**
 * Every file below `folder` in a fixed order, by its `/`-separated path; hidden names are skipped. A link to a folder
 * that contains it is not followed, because that would not end.
 */
export function walkFolder(folder: string): AsyncGenerator<FolderEntry> {
  return walk(folder, '', []);
}

async function* walk(root: string, below: string, parents: readonly string[]): AsyncGenerator<FolderEntry> {
  const folder = path.join(root, below);
  const real = await realpath(folder);
  if (parents.includes(real)) {
    yield { kind: 'dead-link', path: below, reason: 'links to a folder that contains it' };
    return;
  }
  for (const name of (await readdir(folder)).sort(compareText)) {
    if (isHiddenName(name)) continue;
    const entry = path.posix.join(below, name);
    const found = await stat(path.join(root, entry)).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) {
      yield { kind: 'dead-link', path: entry, reason: `cannot be followed, ${found.code}` };
    } else if (found.isDirectory()) {
      yield* walk(root, entry, [...parents, real]);
    } else if (found.isFile()) {
      yield { kind: 'file', path: entry, sizeBytes: found.size };
    }
  }
}
