// Where files of a dataset belong, by their keys alone: `<class>/<file>`, or `<split>/<class>/<file>`.

import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

const SPLIT_FOLDERS: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
};

export interface DatasetLayout {
  /** Splits that have folders of their own; null where the classes are at the top. */
  readonly splits: ReadonlySet<Split> | null;
}

/** A file's place: in a class (and a split, where the layout has them), or why it has none. */
export type FilePlace =
  | { readonly kind: 'picture'; readonly label: string; readonly split: Split | null }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'outside-class' };

const HIDDEN_NAMES: ReadonlySet<string> = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
]);

/** What operating systems and notebooks leave in folders; names that start with a dot among them. */
export const isHiddenName = (name: string): boolean =>
  name.startsWith('.') || HIDDEN_NAMES.has(name.toLowerCase());

export const splitOfFolder = (folder: string): Split | undefined => SPLIT_FOLDERS[folder.toLowerCase()];

const collect = async (folders: AsyncIterable<string>): Promise<string[]> => {
  const visible: string[] = [];
  for await (const folder of folders) if (!isHiddenName(folder)) visible.push(folder);
  return visible;
};

/**
 * Tells the layouts apart: explicit splits are there where every folder at the top is named after a split, one of
 * them is the training split and has folders itself. So a class may be called `train` among others.
 */
export async function detectLayout(
  store: ObjectStore,
  dataset: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DatasetLayout> {
  const prefix = keys.dataset(dataset);
  const folders = await collect(store.listFolders(prefix, options));
  const splits = folders.map(splitOfFolder);
  const train = folders.find((folder) => splitOfFolder(folder) === 'train');
  if (train === undefined || splits.includes(undefined)) return { splits: null };
  const classes = await collect(store.listFolders(`${prefix}${train}/`, options));
  return { splits: classes.length === 0 ? null : new Set(splits as Split[]) };
}

/**
 * Where a file belongs. Deeper folders are part of the class above them.
 *
 * @param path Below the dataset's prefix, e.g. `cat/1.jpg` or `train/cat/1.jpg`.
 */
export function placeFile(path: string, layout: DatasetLayout): FilePlace {
  const segments = path.split('/');
  if (segments.some(isHiddenName)) return { kind: 'hidden' };
  if (layout.splits === null) {
    const [label, ...rest] = segments;
    return label === undefined || rest.length === 0
      ? { kind: 'outside-class' }
      : { kind: 'picture', label, split: null };
  }
  const [folder, label, ...rest] = segments;
  const split = folder === undefined ? undefined : splitOfFolder(folder);
  return split === undefined || label === undefined || rest.length === 0
    ? { kind: 'outside-class' }
    : { kind: 'picture', label, split };
}
