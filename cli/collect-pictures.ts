// The files of a dataset folder on this machine, and one of them set aside to try the model on.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

export interface PictureFile {
  /** Path below the dataset, `/`-separated: `<class>/<file>` or `<split>/<class>/<file>`. */
  readonly path: string;
  read(): Promise<Uint8Array>;
}

export interface HeldOutPicture {
  readonly name: string;
  readonly label: string;
  read(): Promise<Uint8Array>;
}

const TEST_FOLDER = 'test';
const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i;

/**
 * Every file of a class in `folder`, less the held-out picture. Where the folder has a test split, that picture comes from there and
 * stays: training does not see it anyway.
 * @throws where there is no such folder, or no picture in it.
 */
export async function collectPictures(
  folder: string,
): Promise<{ readonly pictures: readonly PictureFile[]; readonly heldOut: HeldOutPicture }> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new Error(`"${folder}" is no folder. Give a folder of pictures, with one subfolder a class.`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    // What systems leave in folders, and files outside of any class, are no part of a dataset.
    .filter((file) => file.includes('/') && !file.split('/').some((name) => name.startsWith('.')))
    .sort();
  const inTest = files.filter((file) => file.startsWith(`${TEST_FOLDER}/`) && IMAGE.test(file));
  const chosen = inTest[0] ?? largestClass(files.filter((file) => IMAGE.test(file)))?.at(-1);
  if (chosen === undefined) {
    throw new Error(`There is no picture in "${folder}". Put pictures into one subfolder for each class.`);
  }
  const read = (file: string) => () => readFile(path.join(folder, file));
  return {
    pictures: files
      .filter((file) => inTest.length > 0 || file !== chosen)
      .map((file) => ({ path: file, read: read(file) })),
    heldOut: { name: path.basename(chosen), label: path.basename(path.dirname(chosen)), read: read(chosen) },
  };
}

/** The class that can best spare a picture. */
function largestClass(files: readonly string[]): readonly string[] | undefined {
  const classes = new Map<string, string[]>();
  for (const file of files)
    classes.set(path.dirname(file), [...(classes.get(path.dirname(file)) ?? []), file]);
  return [...classes.values()].sort((a, b) => b.length - a.length)[0];
}
