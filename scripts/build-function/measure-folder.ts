// Measures how large a folder is, and which of its contents are the largest.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** The size of a folder, in all and by its largest contents. */
export interface FolderSize {
  readonly totalBytes: number;
  /** Top folders, and packages of node_modules; largest first. */
  readonly parts: readonly { readonly path: string; readonly bytes: number }[];
}

const SCOPED_PACKAGE_DEPTH = 3;

/** Adds up the sizes of all files below `folder`. */
export async function measureFolder(folder: string): Promise<FolderSize> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const sizes = new Map<string, number>();
  for (const file of files) {
    const absolute = path.join(file.parentPath, file.name);
    const part = partOf(path.relative(folder, absolute).split(path.sep));
    sizes.set(part, (sizes.get(part) ?? 0) + (await stat(absolute)).size);
  }
  const parts = [...sizes].map(([part, bytes]) => ({ path: part, bytes })).sort((a, b) => b.bytes - a.bytes);
  return { totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), parts };
}

function partOf(segments: readonly string[]): string {
  const [top = '.'] = segments;
  if (top !== 'node_modules') return top;
  return segments.slice(0, segments[1]?.startsWith('@') ? SCOPED_PACKAGE_DEPTH : 2).join('/');
}
