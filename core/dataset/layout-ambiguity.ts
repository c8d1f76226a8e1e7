// Recognizes folders that can be read in two ways, and explains them. A wrong guess would train a model that tells splits apart instead
// of classes, or one that mixes classes, and report success.

import { type FolderTree, holdsOnlyFolders } from './folder-tree.ts';
import { isFoldName, type Split, splitOfFolder } from './split-folder.ts';

/** Sentences that explain both ways to read the folders, and what to do for each. */
export type LayoutAmbiguity = string;

/** Share of the subfolders' names that must be in more than one folder. */
const MOSTLY = 0.5;
const NAMES_SHOWN = 3;

const quote = (names: readonly string[]): string =>
  names
    .slice(0, NAMES_SHOWN)
    .map((name) => `"${name}"`)
    .join(', ') + (names.length > NAMES_SHOWN ? ', …' : '');

const readings = (tops: readonly string[], classes: readonly string[]): string =>
  `Either ${quote(classes)} are the classes: then name the folders above them train/, validation/ and test/, or merge them into one folder for each class. ` +
  `Or ${quote(tops)} are the classes: then put their pictures directly into them, without subfolders.`;

/**
 * Explains folders that hold only subfolders and are named after splits or folds, or have mostly the same subfolders; null where there
 * are none.
 */
export function findAmbiguousFolders(folders: ReadonlyMap<string, FolderTree>): LayoutAmbiguity | null {
  const parents = [...folders].filter(([, folder]) => holdsOnlyFolders(folder));
  const shared = sharedNames(parents.map(([, folder]) => folder));
  const areMost = parents.length >= 2 && parents.length >= folders.size * MOSTLY;
  const tops = parents.map(([name]) => name);
  if (areMost && shared !== null) {
    const what = tops.every(isFoldName)
      ? 'They look like folds of a cross-validation.'
      : 'They may be splits, or classes with the same subfolders.';
    return `The folders ${quote(tops)} hold the same subfolders (${quote(shared)}). ${what} ${readings(tops, shared)}`;
  }
  const parts = parents.filter(([name]) => isFoldName(name) || splitOfFolder(name) !== undefined);
  if (parts.length === 0) return null;
  const names = parts.map(([name]) => name);
  const classes = [...new Set(parts.flatMap(([, folder]) => [...folder.folders.keys()]))];
  const what = names.every(isFoldName) ? 'folds of a cross-validation' : 'splits';
  return `The folders ${quote(names)} are named like ${what}, and hold only folders (${quote(classes)}). ${readings(names, classes)}`;
}

/** Explains folders that are named after splits but hold pictures instead of classes. */
export const ambiguousSplits = (names: readonly string[]): LayoutAmbiguity =>
  `The folders ${quote(names)} are named after splits, but hold pictures without classes. Either they are splits: then put ` +
  'the pictures into a folder for each class within them, as train/<class>/<file>. Or they are the classes: then rename them.';

/**
 * Explains folders that lie beside the split folders and are not named after a split. Such a folder may be another split, or all the
 * folders may be classes. Null if there is no such doubt.
 */
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
    `Or ${quote([...tops, ...others])} are the classes: then put their pictures directly into them, without subfolders.`
  );
}

/** Names that are in more than one folder. Null where there are fewer than two such names, or where most names are in one folder. */
function sharedNames(folders: readonly FolderTree[]): readonly string[] | null {
  const counts = new Map<string, number>();
  for (const folder of folders)
    for (const name of folder.folders.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const shared = [...counts].filter(([, count]) => count > 1).map(([name]) => name);
  return shared.length >= 2 && shared.length >= counts.size * MOSTLY ? shared : null;
}
