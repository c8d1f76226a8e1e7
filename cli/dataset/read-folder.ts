// Reads a folder of pictures as a dataset, however it says which class a picture has: by folders, by a table of labels, or by the names of
// files. Where it says it in no way that is known, the error says what was seen and how to make folders of it.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { detectLayout, placeFile } from '../../core/dataset/dataset-layout.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { countOf, firstOf } from '../terminal/words.ts';
import type { SkippedFile } from './collect-pictures.ts';
import { IMAGE_NAME } from './image-name.ts';
import { type LabelTable, readLabelTables } from './label-tables.ts';
import { labelsInNames } from './labels-in-names.ts';
import { type LabelledFile, type PlacedFile, placePictures } from './place-pictures.ts';
import { walkFolder } from './walk-folder.ts';

/** A folder of pictures, read. */
export interface DatasetFolder {
  /** What was seen, for people, e.g. `class folders`. */
  readonly seen: string;
  readonly files: readonly PlacedFile[];
  readonly classes: readonly string[];
  readonly skipped: readonly SkippedFile[];
}

interface ListedFile {
  readonly source: string;
  readonly sizeBytes: number;
}

const FEWEST_CLASSES = 2;
/** Decoders take no larger file. */
const MAX_BYTES = DEFAULT_IMAGE_LIMITS.maxBytes;
const SHOWN = 3;

/** How class folders look, for errors. */
const WANTED = 'Make one folder for each class, e.g. fruit/apple/1.jpg and fruit/banana/2.jpg.';

/**
 * Reads a folder.
 * @throws {UsageError} where it is no folder, has no pictures, or does not say their classes.
 */
export async function readDatasetFolder(folder: string): Promise<DatasetFolder> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new UsageError(`"${folder}" is not a folder. Give a folder of pictures. ${WANTED}`);
  const { pictures, others, skipped } = await listFiles(folder);
  if (pictures.length === 0) throw noPictures(folder, others);
  const found = (await readClasses(folder, pictures, others)) ?? readNames(pictures);
  if (found === undefined) throw noLabels(folder, pictures, others);
  const { seen, files } = found;
  const taken = new Set(files.map(({ source }) => source));
  const without = pictures.filter(({ source }) => !taken.has(source));
  return {
    seen,
    files: placePictures(files),
    classes: [...new Set(files.map(({ folders }) => folders.at(-1) ?? ''))].sort(),
    skipped: [
      ...skipped,
      ...without.map(({ source }) => ({ path: source, reason: 'its class is not said' })),
    ],
  };
}

interface FoundClasses {
  readonly seen: string;
  readonly files: readonly LabelledFile[];
}

async function readClasses(
  folder: string,
  pictures: readonly ListedFile[],
  others: readonly string[],
): Promise<FoundClasses | undefined> {
  const layout = detectLayout(pictures.map(({ source }) => source));
  const placed = pictures.flatMap((file) => {
    const place = placeFile(file.source, layout);
    return place.kind === 'picture' ? [{ ...file, ...place }] : [];
  });
  const classes = new Set(placed.map(({ label }) => label));
  const isClear = layout.ambiguity === null && classes.size >= FEWEST_CLASSES;
  // Folders of all pictures count before tables, which may say something else of them.
  if (isClear && placed.length === pictures.length) return inFolders(placed, layout.splits);
  const tables = await readLabelTables(
    folder,
    others,
    pictures.map(({ source }) => source),
  );
  if (tables !== undefined) return inTables(pictures, tables);
  if (isClear) return inFolders(placed, layout.splits);
  if (
    layout.ambiguity !== null &&
    placed.length > 0 &&
    labelsInNames(pictures.map(({ source }) => source)) === undefined
  )
    throw new UsageError(`"${folder}" can be read in two ways. ${layout.ambiguity}`);
  return undefined;
}

const inFolders = (files: readonly LabelledFile[], splits: ReadonlySet<string> | null): FoundClasses => ({
  seen: splits === null ? 'class folders' : `class folders in ${[...splits].join(', ')}`,
  files,
});

function inTables(pictures: readonly ListedFile[], tables: LabelTable): FoundClasses {
  const { seen, labels } = tables;
  const files = pictures.flatMap((file): LabelledFile[] => {
    const found = labels.get(file.source);
    if (found === undefined) return [];
    const folders = found.split === null ? [found.label] : [found.split, found.label];
    return [{ ...file, folders, rest: [path.posix.basename(file.source)] }];
  });
  return { seen, files };
}

function readNames(pictures: readonly ListedFile[]): FoundClasses | undefined {
  const found = labelsInNames(pictures.map(({ source }) => source));
  if (found === undefined) return undefined;
  const files = pictures.flatMap((file): LabelledFile[] => {
    const place = found.get(file.source);
    return place === undefined
      ? []
      : [{ ...file, folders: place.folders, rest: [path.posix.basename(file.source)] }];
  });
  const [first] = files;
  return {
    seen: `labels in the names of files: ${path.posix.basename(first?.source ?? '')} is ${first?.folders.at(-1)}`,
    files,
  };
}

async function listFiles(folder: string) {
  const pictures: ListedFile[] = [];
  const others: string[] = [];
  const skipped: SkippedFile[] = [];
  for await (const entry of walkFolder(folder)) {
    if (entry.kind === 'dead-link') skipped.push({ path: entry.path, reason: entry.reason });
    else if (!IMAGE_NAME.test(entry.path)) others.push(entry.path);
    else if (entry.sizeBytes === 0) skipped.push({ path: entry.path, reason: 'empty' });
    else if (entry.sizeBytes > MAX_BYTES)
      skipped.push({ path: entry.path, reason: `larger than ${MAX_BYTES / 1e6} MB` });
    else pictures.push({ source: entry.path, sizeBytes: entry.sizeBytes });
  }
  return { pictures, others, skipped };
}

const shown = (files: readonly string[]) => firstOf(files, SHOWN);

function noPictures(folder: string, others: readonly string[]): UsageError {
  const archives = others.filter((file) => /\.(zip|tar|tgz|tar\.gz)$/i.test(file));
  const parquet = others.filter((file) => /\.(parquet|arrow|tfrecords?)$/i.test(file));
  const advice =
    archives.length > 0
      ? `It has archives (${shown(archives)}): unpack them first.`
      : parquet.length > 0
        ? `It has packed data (${shown(parquet)}), which is not read: export the pictures as files, e.g. as an "imagefolder".`
        : others.length === 0
          ? 'It is empty.'
          : `It has ${countOf(others.length, 'other file')}: ${shown(others)}.`;
  return new UsageError(`There is no picture in "${folder}". ${advice} ${WANTED}`);
}

function noLabels(folder: string, pictures: readonly ListedFile[], others: readonly string[]): UsageError {
  const boxes = others.filter((file) => /(^|\/)labels\/.*\.txt$|\.xml$/i.test(file));
  const seen =
    boxes.length > 0
      ? `There are ${countOf(boxes.length, 'file')} that look like boxes of an object detector (${shown(boxes)}). A classifier needs one class for ` +
        'each picture: export the dataset for classification.'
      : `There are ${countOf(pictures.length, 'picture')} (${shown(pictures.map(({ source }) => source))}), and nothing says which class each has.`;
  return new UsageError(
    `"${folder}" does not say the classes of its pictures. ${seen} ${WANTED} Or put a file labels.csv beside the pictures, with the columns ` +
      '"file" and "label"; or name them after their class, e.g. apple_001.jpg.',
  );
}
