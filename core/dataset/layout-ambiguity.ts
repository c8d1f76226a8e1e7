// Folders that can be read in two ways, and what is said of them. A guess would train a model that tells splits apart, or one
// that mixes what should be told apart, and call either a success.

import { type FolderTree, holdsOnlyFolders } from './folder-tree.ts';
import { isFoldName, type Split, splitOfFolder } from './split-folder.ts';

/** A sentence or two: both readings, and what to do for each. */
export type LayoutAmbiguity = string;

/** Of all subfolders' names, how many must be in more than one folder. */
const MOSTLY = 0.5;
const NAMES_SHOWN = 3;

const quote = (names: readonly string[]): string =>
  names
    .slice(0, NAMES_SHOWN)
    .map((name) => `"${name}"`)
    .join(', ') + (names.length > NAMES_SHOWN ? ', …' : '');

const readings = (tops: readonly string[], classes: readonly string[]): string =>
  `Either ${quote(classes)} are the classes: then name the folders above them train/, validation/ and test/, or merge them into one folder a class. ` +
  `Or ${quote(tops)} are the classes: then put their pictures right into them, without subfolders.`;

/**
 * Folders that hold nothing but subfolders: named after splits or folds, or mostly of the same subfolders; null where there are
 * no such.
 */
export function findAmbiguousFolders(folders: ReadonlyMap<string, FolderTree>): LayoutAmbiguity | null {
  const parents = [...folders].filter(([, folder]) => holdsOnlyFolders(folder));
  const shared = sharedNames(parents.map(([, folder]) => folder));
  const areMost = parents.length >= 2 && parents.length >= folders.size * MOSTLY;
  const tops = parents.map(([name]) => name);
  if (areMost && shared !== null) {
    const what = tops.every(isFoldName)
      ? 'They look like parts of a cross-validation.'
      : 'They may be splits, or classes with the same subfolders.';
    return `The folders ${quote(tops)} hold the same subfolders (${quote(shared)}). ${what} ${readings(tops, shared)}`;
  }
  const parts = parents.filter(([name]) => isFoldName(name) || splitOfFolder(name) !== undefined);
  if (parts.length === 0) return null;
  const names = parts.map(([name]) => name);
  const classes = [...new Set(parts.flatMap(([, folder]) => [...folder.folders.keys()]))];
  const what = names.every(isFoldName) ? 'parts of a cross-validation' : 'parts of a split';
  return `The folders ${quote(names)} are named as ${what}, and hold only folders (${quote(classes)}). ${readings(names, classes)}`;
}

/** Folders named after splits that hold pictures instead of classes. */
export const ambiguousSplits = (names: readonly string[]): LayoutAmbiguity =>
  `The folders ${quote(names)} are named after splits, but pictures are right in them, of no class. Either they are splits: then put ` +
  'the pictures into a folder for each class within them, as train/<class>/<file>. Or they are the classes: then rename them.';

/** What lies beside folders of splits: harmless, unless it may be one of them, or they classes as it is; null where it is harmless. */
export function findAmbiguousStrays(
  splits: readonly { readonly name: string; readonly folder: FolderTree; readonly split: Split }[],
  strays: ReadonlyMap<string, FolderTree>,
): LayoutAmbiguity | null {
  if (strays.size === 0) return null;
  const tops = splits.map(({ name }) => name);
  const classes = [...new Set(splits.flatMap(({ folder }) => [...folder.folders.keys()]))];
  const alike = [...strays].filter(
    ([, folder]) =>
      holdsOnlyFolders(folder) && [...folder.folders.keys()].some((name) => classes.includes(name)),
  );
  const isOneSplit = new Set(splits.map(({ split }) => split)).size === 1;
  if (alike.length === 0 && !isOneSplit) return null;
  const others = alike.length === 0 ? [...strays.keys()] : alike.map(([name]) => name);
  return (
    `The folders ${quote(tops)} are named after splits, but ${quote(others)} beside them ${others.length === 1 ? 'is' : 'are'} not. ` +
    `Either ${quote(classes)} are the classes: then move ${quote(others)} into the splits, or out of the dataset. ` +
    `Or ${quote([...tops, ...others])} are the classes: then put their pictures right into them, without subfolders.`
  );
}

/** Names in more than one folder, where these are at least two and most of all; otherwise null. One alone makes no two classes. */
function sharedNames(folders: readonly FolderTree[]): readonly string[] | null {
  const counts = new Map<string, number>();
  for (const folder of folders)
    for (const name of folder.folders.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const shared = [...counts].filter(([, count]) => count > 1).map(([name]) => name);
  return shared.length >= 2 && shared.length >= counts.size * MOSTLY ? shared : null;
}
