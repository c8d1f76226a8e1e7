// Labels in the names of files: `cat_001.jpg` is a cat. Pictures lie in one folder, or in one for each split.

import path from 'node:path';
import { splitOfFolder } from '../../core/dataset/split-folder.ts';

/** The class of a name: what comes before its number. */
const NUMBERED = /^(.*?[^\s._()-])[\s._()-]*\d+[\s._)-]*$/u;
/** Names that cameras, phones and programs give, whatever the picture shows. */
const OF_CAMERAS =
  /^(img|image|images|dsc|dscn|dscf|pic|picture|photo|foto|bild|p|pxl|mvimg|gopr|vid|frame|screenshot|screen shot|wa|scan|file|untitled|download|unnamed|sample|\d+)$/i;
const FEWEST_CLASSES = 2;
/** Pictures of a class, on average, below which the beginnings of names are no classes. */
const FEWEST_PICTURES = 2;

/**
 * The place of each picture, by its path; undefined where the names say no classes.
 * @param sources paths below the folder.
 */
export function labelsInNames(
  sources: readonly string[],
): ReadonlyMap<string, { readonly folders: readonly string[] }> | undefined {
  const places = new Map<string, { readonly folders: readonly string[] }>();
  const labels = new Set<string>();
  for (const source of sources) {
    const folders = source.split('/');
    const stem = path.parse(folders.pop() ?? '').name;
    const splits = folders.map(splitOfFolder).filter((split) => split !== undefined);
    // Folders that are no splits may be anything.
    if (folders.length > 1 + splits.length || splits.length > 1) return undefined;
    const label = NUMBERED.exec(stem)?.[1];
    if (label === undefined || OF_CAMERAS.test(label)) return undefined;
    labels.add(label);
    places.set(source, { folders: [...splits, label] });
  }
  return labels.size >= FEWEST_CLASSES && sources.length >= FEWEST_PICTURES * labels.size
    ? places
    : undefined;
}
