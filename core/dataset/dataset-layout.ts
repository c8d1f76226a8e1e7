// Where files of a dataset belong, by their paths alone: `<class>/<file>`, or `<split>/<class>/<file>`; one folder around
// everything is looked through, and so is one around all that is in a split.

import { buildFolderTree, type FolderTree, holdsOnlyFolders, lookInside } from './folder-tree.ts';
import { isHiddenName } from './hidden-name.ts';
import {
  ambiguousSplits,
  findAmbiguousFolders,
  findAmbiguousStrays,
  type LayoutAmbiguity,
} from './layout-ambiguity.ts';
import { type Split, splitOfFolder } from './split-folder.ts';

export interface DatasetLayout {
  /** Names of the folders around everything, outermost first; mostly none. */
  readonly wrappers: readonly string[];
  /** Splits that have folders of their own; null where the classes are at the top. */
  readonly splits: ReadonlySet<Split> | null;
  /** By the name of each folder of a split: the folders in it around its classes, outermost first; mostly none. */
  readonly splitWrappers: ReadonlyMap<string, readonly string[]>;
  /** Where there are two ways to read the folders. Then no training is possible, and the top folders are taken for the classes. */
  readonly ambiguity: LayoutAmbiguity | null;
}

/** A file's place: in a class (and a split, where the layout has them), or why it has none. */
export type FilePlace =
  | {
      readonly kind: 'picture';
      readonly label: string;
      readonly split: Split | null;
      /** The folders of its class, without those around everything: `['cat']`, `['train', 'cat']`. */
      readonly folders: readonly string[];
      /** What is below them: further folders, which are part of the class, and the file's name. */
      readonly rest: readonly string[];
    }
  | { readonly kind: 'hidden' }
  /** No store gives what has an empty name in its path. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'outside-class' };

/** With fewer, folders beside those of splits are classes, and so are these. */
const FEWEST_CLASSES = 2;
/** Folders within folders that are looked through. */
const MAX_WRAPPERS = 4;
const NO_WRAPPERS: DatasetLayout['splitWrappers'] = new Map();

/**
 * Tells the layouts apart. Explicit splits are there where folders at the top are named after splits and have folders
 * themselves, the training split among them; what lies beside them is outside of every class. So a class may be called
 * `train` where its pictures are right in it. Other folders that hold nothing but the same subfolders are a ambiguity, and so are
 * those that hold only folders and have the name of a split or a fold.
 *
 * @param paths Of all files, below the dataset's prefix.
 */
export function detectLayout(paths: Iterable<string>): DatasetLayout {
  const top = buildFolderTree(paths);
  const { root, wrappers } = lookThrough(top);
  const inside = readFolders(root.folders);
  // A folder around one class alone is that class.
  return root.folders.size > 1 || inside.splits !== null
    ? { wrappers, ...inside }
    : { wrappers: [], ...readFolders(top.folders) };
}

function lookThrough(top: FolderTree): { readonly root: FolderTree; readonly wrappers: readonly string[] } {
  const wrappers: string[] = [];
  let root = top;
  while (wrappers.length < MAX_WRAPPERS) {
    const [only, ...others] = root.folders;
    if (only === undefined || others.length > 0) break;
    const [name, folder] = only;
    if (!holdsOnlyFolders(folder) || splitOfFolder(name) === 'train') break;
    wrappers.push(name);
    root = folder;
  }
  return { root, wrappers };
}

function readFolders(tops: ReadonlyMap<string, FolderTree>): Omit<DatasetLayout, 'wrappers'> {
  const insides = lookInside(tops, MAX_WRAPPERS);
  const folders = new Map([...insides].map(([name, { folder }]) => [name, folder] as const));
  const named = [...folders].flatMap(([name, folder]) => {
    const split = splitOfFolder(name);
    return split === undefined ? [] : [{ name, folder, split }];
  });
  const withClasses = named.filter(({ folder }) => folder.folders.size > 0);
  const splits = new Set(withClasses.map(({ split }) => split));
  const strays = [...folders].filter(([name]) => splitOfFolder(name) === undefined);
  const classes = new Set(withClasses.flatMap(({ folder }) => [...folder.folders.keys()]));
  const withoutSplits = { splits: null, splitWrappers: NO_WRAPPERS };
  if (!splits.has('train') || (strays.length > 0 && classes.size < FEWEST_CLASSES)) {
    const isFlat =
      strays.length === 0 && new Set(named.map(({ split }) => split)).size > 1 && splits.size === 0;
    const ambiguity = isFlat ? ambiguousSplits([...folders.keys()]) : findAmbiguousFolders(folders);
    return { ...withoutSplits, ambiguity };
  }
  const ambiguity = findAmbiguousStrays(withClasses, new Map(strays));
  if (ambiguity !== null) return { ...withoutSplits, ambiguity };
  const splitWrappers = new Map(
    withClasses.map(({ name }) => [name, insides.get(name)?.wrappers ?? []] as const),
  );
  return { splits, splitWrappers, ambiguity };
}

/**
 * Where a file belongs. Deeper folders are part of the class above them.
 *
 * @param path Below the dataset's prefix, e.g. `cat/1.jpg` or `train/cat/1.jpg`.
 */
export function placeFile(path: string, layout: DatasetLayout): FilePlace {
  const segments = path.split('/');
  if (segments.includes('')) return { kind: 'unreadable' };
  if (segments.some(isHiddenName)) return { kind: 'hidden' };
  const { wrappers, splits, splitWrappers } = layout;
  if (!startsWith(segments, wrappers)) return { kind: 'outside-class' };
  const inside = segments.slice(wrappers.length);
  const [top] = inside;
  if (top === undefined) return { kind: 'outside-class' };
  const split = splits === null ? null : splitOfFolder(top);
  const within = splits === null ? [] : (splitWrappers.get(top) ?? []);
  if (!startsWith(inside.slice(1), within)) return { kind: 'outside-class' };
  const depth = (splits === null ? 1 : 2) + within.length;
  const [folders, rest] = [inside.slice(0, depth), inside.slice(depth)];
  const label = folders[depth - 1];
  // Of a split without class folders, none has any.
  const isOutside =
    label === undefined || rest.length === 0 || (splits !== null && !splits.has(split as Split));
  return isOutside || split === undefined
    ? { kind: 'outside-class' }
    : { kind: 'picture', label, split, folders, rest };
}

const startsWith = (segments: readonly string[], names: readonly string[]): boolean =>
  names.every((name, depth) => segments[depth] === name);
