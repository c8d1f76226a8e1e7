// Finds the class and split of files by their paths alone: `<class>/<file>`, or `<split>/<class>/<file>`. A folder around everything is
// ignored, and so is one around everything in a split.

import { buildFolderTree, type FolderTree, holdsOnlyFolders, lookInside } from './folder-tree.ts';
import { isHiddenName } from './hidden-name.ts';
import {
  ambiguousSplits,
  findAmbiguousFolders,
  findAmbiguousStrays,
  type LayoutAmbiguity,
} from './layout-ambiguity.ts';
import { type Split, splitOfFolder } from './split-folder.ts';

/** How the folders of a dataset are read. */
export interface DatasetLayout {
  /** Names of the folders around everything, outermost first; usually none. */
  readonly wrappers: readonly string[];
  /** Splits that have folders of their own; null where the classes are at the top. */
  readonly splits: ReadonlySet<Split> | null;
  /** The folders around the classes of each split, outermost first, by the name of the split's folder; usually none. */
  readonly splitWrappers: ReadonlyMap<string, readonly string[]>;
  /** Why the folders can be read in two ways; null where they cannot. Then training is not possible, and top folders count as classes. */
  readonly ambiguity: LayoutAmbiguity | null;
}

/** The place of a file: its class (and split, where the layout has splits), or why it has none. */
export type FilePlace =
  | {
      readonly kind: 'picture';
      readonly label: string;
      readonly split: Split | null;
      /** Folders down to its class, without those around everything: `['cat']`, `['train', 'cat']`. */
      readonly folders: readonly string[];
      /** The rest of the path: further folders, which belong to the class, and the file's name. */
      readonly rest: readonly string[];
    }
  | { readonly kind: 'hidden' }
  /** An empty name in its path, which no store can read. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'outside-class' };

/** Where folders named after splits have fewer classes, and other folders are beside them, all of them are classes. */
const FEWEST_CLASSES = 2;
/** How many folders around everything are ignored, one within the other. */
const MAX_WRAPPERS = 4;
const NO_WRAPPERS: DatasetLayout['splitWrappers'] = new Map();

/**
 * Finds the layout of a dataset. It has explicit splits where top folders are named after splits, hold folders themselves, and the
 * training split is among them; files beside them are outside of every class. So a class may be called `train`, if its pictures are
 * directly in it. Other folders are ambiguous where they hold only the same subfolders, or where they hold only folders and are named
 * after a split or a fold.
 *
 * @param paths Paths of all files, below the dataset's prefix.
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
 * Finds the place of a file. Folders within a class belong to the class.
 *
 * @param path Path below the dataset's prefix, e.g. `cat/1.jpg` or `train/cat/1.jpg`.
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
  // A split without class folders has no pictures.
  const isOutside =
    label === undefined || rest.length === 0 || (splits !== null && !splits.has(split as Split));
  return isOutside || split === undefined
    ? { kind: 'outside-class' }
    : { kind: 'picture', label, split, folders, rest };
}

const startsWith = (segments: readonly string[], names: readonly string[]): boolean =>
  names.every((name, depth) => segments[depth] === name);

/** The path of a file in another class, in the same split; undefined for a file that is in none. */
export function placeInClass(path: string, layout: DatasetLayout, label: string): string | undefined {
  const place = placeFile(path, layout);
  if (place.kind !== 'picture') return undefined;
  return [...layout.wrappers, ...place.folders.slice(0, -1), label, ...place.rest].join('/');
}
