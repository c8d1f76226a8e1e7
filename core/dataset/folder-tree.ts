// The folders of a dataset, by the paths of its files alone.

import { isHiddenName } from './hidden-name.ts';

export interface FolderTree {
  /** By name; hidden ones, empty names and folders of notes alone are left out. */
  readonly folders: Map<string, FolderTree>;
  /** Files right in this folder, of which any may be a picture. */
  pictures: number;
}

/** What lies beside pictures to describe them: no folder is one for its sake. */
const NOTES = /\.(csv|tsv|txt|md|json|jsonl|xml|ya?ml|html?|pdf|xlsx?|py|ipynb|zip|log)$/i;

const emptyTree = (): FolderTree => ({ folders: new Map(), pictures: 0 });

/** @param paths `/`-separated, e.g. `train/cat/1.jpg`. */
export function buildFolderTree(paths: Iterable<string>): FolderTree {
  const root = emptyTree();
  for (const path of paths) {
    if (NOTES.test(path)) continue;
    const segments = path.split('/');
    if (segments.some((segment) => segment === '' || isHiddenName(segment))) continue;
    let folder = root;
    for (const name of segments.slice(0, -1)) {
      const next = folder.folders.get(name) ?? emptyTree();
      folder.folders.set(name, next);
      folder = next;
    }
    folder.pictures++;
  }
  return root;
}

/** Whether pictures lie in its subfolders alone. */
export const holdsOnlyFolders = ({ folders, pictures }: FolderTree): boolean =>
  folders.size > 0 && pictures === 0;
