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

/** A folder with all that is in it, and the names of the folders around that, outermost first. */
export interface FolderInside {
  readonly folder: FolderTree;
  readonly wrappers: readonly string[];
}

/**
 * Of each folder what is in it, where single folders around all of that are looked through: of `train/images/<class>` what is
 * in `images`. A single folder that has the name of one among several in another folder is one of those, and no wrapper.
 *
 * @param maxDepth Folders within folders that are looked through.
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
