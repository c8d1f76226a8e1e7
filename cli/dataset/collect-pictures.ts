// Collects the files of a dataset folder on this machine, and holds one picture out to try the model on.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DatasetLayout, detectLayout, placeFile } from '../../core/dataset/dataset-layout.ts';
import { groupBy } from '../../core/dataset/group-by.ts';
import type { Split } from '../../core/dataset/split-folder.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { firstOf } from '../../core/words/quantities.ts';
import { IMAGE_NAME } from './image-name.ts';
import { placePictures } from './place-pictures.ts';
import { walkFolder } from './walk-folder.ts';

/** A file to import. */
export interface PictureFile {
  /** Path below the dataset, `/`-separated: `<class>/<file>` or `<split>/<class>/<file>`. */
  readonly path: string;
  /** Path below the folder, where classes may have subfolders. */
  readonly source: string;
  readonly sizeBytes: number;
  read(): Promise<Uint8Array>;
}

/** A picture that the model is not trained on. */
export interface HeldOutPicture {
  readonly name: string;
  readonly label: string;
  read(): Promise<Uint8Array>;
}

/** A file that is not imported, because no training could read it. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** What a folder has. */
export interface CollectedPictures {
  readonly pictures: readonly PictureFile[];
  readonly heldOut: HeldOutPicture;
  readonly skipped: readonly SkippedFile[];
}

interface PlacedFile extends PictureFile {
  readonly label: string;
  readonly split: Split | null;
}

/** Decoders take no larger file; the API does, but training could not read it. */
const MAX_BYTES = DEFAULT_IMAGE_LIMITS.maxBytes;
const OUTSIDE_CLASS = 'in no class';

/**
 * Every file of a class in `folder`, without the held-out picture. Where the folder has a test split, that picture is one of the
 * split and is imported too, because training does not use it anyway.
 * @throws {Error} where there is no such folder, where it has no picture, or where its layout is ambiguous.
 */
export async function collectPictures(folder: string): Promise<CollectedPictures> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new Error(
      `"${folder}" is not a folder. Give a folder of pictures, with one subfolder for each class.`,
    );
  const { files, skipped: unreadable } = await listFiles(folder);
  const layout = detectLayout(files.map(({ source }) => source));
  if (layout.ambiguity !== null) throw new Error(`"${folder}" can be read in two ways. ${layout.ambiguity}`);
  const [inClass, outside] = partition(files, ({ source }) => placeFile(source, layout).kind === 'picture');
  const placed = placeFiles(folder, inClass, layout);
  const skipped = [...unreadable, ...outside.map(({ source }) => ({ path: source, reason: OUTSIDE_CLASS }))];
  const images = placed.filter((file) => IMAGE_NAME.test(file.source));
  const inTest = images.find((file) => file.split === 'test');
  const chosen = inTest ?? largestClass(images)?.at(-1);
  if (chosen === undefined) {
    throw new Error(
      [
        `There is no picture in "${folder}". Put pictures into one subfolder for each class.`,
        ...(skipped.length === 0 ? [] : [describeSkipped(skipped)]),
      ].join(' '),
    );
  }
  return {
    pictures: inTest === undefined ? placed.filter((file) => file !== chosen) : placed,
    heldOut: { name: path.basename(chosen.source), label: chosen.label, read: chosen.read },
    skipped,
  };
}

/** Files that the line names; the others are counted. */
const SHOWN_FILES = 5;

/** One line about skipped files, e.g. `Skipped 2 files: "cat/1.jpg" (empty), "cat/2.jpg" (larger than 20 MB).` */
export function describeSkipped(skipped: readonly SkippedFile[]): string {
  const files = skipped.map((file) => `"${file.path}" (${file.reason})`);
  return `Skipped ${skipped.length} file${skipped.length === 1 ? '' : 's'}: ${firstOf(files, SHOWN_FILES)}.`;
}

interface ListedFile {
  readonly source: string;
  readonly sizeBytes: number;
}

async function listFiles(
  folder: string,
): Promise<{ readonly files: readonly ListedFile[]; readonly skipped: readonly SkippedFile[] }> {
  const files: ListedFile[] = [];
  const skipped: SkippedFile[] = [];
  for await (const entry of walkFolder(folder)) {
    if (entry.kind === 'dead-link') skipped.push({ path: entry.path, reason: entry.reason });
    else if (!entry.path.includes('/')) skipped.push({ path: entry.path, reason: OUTSIDE_CLASS });
    else if (entry.sizeBytes === 0) skipped.push({ path: entry.path, reason: 'empty' });
    else if (entry.sizeBytes > MAX_BYTES)
      skipped.push({ path: entry.path, reason: `larger than ${MAX_BYTES / 1e6} MB` });
    else files.push({ source: entry.path, sizeBytes: entry.sizeBytes });
  }
  return { files, skipped };
}

/** Gives every file of a class its path in the dataset. */
const placeFiles = (folder: string, files: readonly ListedFile[], layout: DatasetLayout): PlacedFile[] =>
  placePictures(
    files.flatMap((file) => {
      const place = placeFile(file.source, layout);
      return place.kind === 'picture' ? [{ ...file, ...place }] : [];
    }),
  ).map(({ path: target, source, sizeBytes, label, split }) => ({
    path: target,
    source,
    sizeBytes,
    label,
    split,
    read: () => readFile(path.join(folder, source)),
  }));

const partition = <T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] => [
  items.filter(isFirst),
  items.filter((item) => !isFirst(item)),
];

/** The class with the most pictures that training would use: it can best spare one. */
function largestClass(files: readonly PlacedFile[]): readonly PlacedFile[] | undefined {
  const trained = files.filter(({ split }) => split === null || split === 'train');
  return [...groupBy(trained, ({ label }) => label).values()].sort((a, b) => b.length - a.length)[0];
}
