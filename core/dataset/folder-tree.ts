// Builds the tree of a dataset's folders from the paths of its files.

import { isHiddenName } from './hidden-name.ts';

/** A folder with its subfolders and the number of files in it. */
export interface FolderTree {
  /** Subfolders by name, without hidden ones, empty names and folders that hold only notes. */
  readonly folders: Map<string, FolderTree>;
  /** Number of files directly in this folder that may be pictures. */
  pictures: number;
}

/** Names of files that describe pictures; they do not count in the tree. */
const NOTES = /\.(csv|tsv|txt|md|json|jsonl|xml|ya?ml|html?|pdf|xlsx?|py|ipynb|zip|log)$/i;

const emptyTree = (): FolderTree => ({ folders: new Map(), pictures: 0 });

/**
 * Builds the tree of all folders.
 * @param paths Paths of files, `/`-separated, e.g. `train/cat/1.jpg`.
 */
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

/** Whether a folder holds folders and no pictures. */
export const holdsOnlyFolders = ({ folders, pictures }: FolderTree): boolean =>
  folders.size > 0 && pictures === 0;

/** The folder that holds the content of another one, and the names of the folders around it, outermost first. */
export interface FolderInside {
  readonly folder: FolderTree;
  readonly wrappers: readonly string[];
}

/**
 * Finds the content of each folder. A single folder around all of it is a wrapper and is ignored: the content of
 * `train/images/<class>` is that of `images`. But a single folder is no wrapper where another folder has one of that name among
 * several.
 *
 * @param maxDepth How many wrappers are ignored, one within the other.
 */
export function lookInside(
  folders: ReadonlyMap<string, FolderTree>,
  maxDepth: number,
): ReadonlyMap<string, FolderInside> {
  const amongOthers = new Set(
    [...folders.values()].flatMap((folder) => (folder.folders.size > 1 ? [...folder.folders.keys()] : [])),
  );
  const inside = (top: FolderTree): FolderInside => {
    const wrappers: string[] = [];
    let folder = top;
    while (wrappers.length < maxDepth && folder.folders.size === 1 && holdsOnlyFolders(folder)) {
      const [name, only] = [...folder.folders][0] as [string, FolderTree];
      if (!holdsOnlyFolders(only) || amongOthers.has(name)) break;
      wrappers.push(name);
      folder = only;
    }
    return { folder, wrappers };
  };
  return new Map([...folders].map(([name, folder]) => [name, inside(folder)]));
}
