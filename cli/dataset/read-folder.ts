// Reads a folder of pictures as a dataset, however it says which class a picture has: by folders, by a table of labels, or by the names of
// files. Where it says it in no way that is known, the error says what was seen and how to make folders of it.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { detectLayout, placeFile } from '../../core/dataset/dataset-layout.ts';
import { foldName } from '../../core/dataset/fold-name.ts';
import { groupBy } from '../../core/dataset/group-by.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { firstOf } from '../../core/words/quantities.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { countOf } from '../terminal/words.ts';
import type { SkippedFile } from './collect-pictures.ts';
import { IMAGE_NAME } from './image-name.ts';
import { type LabelTable, readLabelTables, type TableSurroundings } from './label-tables.ts';
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
  /** Files that the tables name and that are not there. */
  readonly missing: readonly string[];
  /** What is worth knowing of the tables, a sentence each. */
  readonly notes: readonly string[];
}

/** How a folder is read. */
export interface ReadOptions {
  /** Where classes are said: `folders`, or the path of a table below the folder. Default: what is found. */
  readonly labels?: string | undefined;
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
 * @throws {UsageError} where it is no folder, has no pictures, does not say their classes or says them in two ways, or where classes have names
 * that no job could train on.
 */
export async function readDatasetFolder(
  folder: string,
  { labels }: ReadOptions = {},
): Promise<DatasetFolder> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new UsageError(`"${folder}" is not a folder. Give a folder of pictures. ${WANTED}`);
  const { pictures, others, skipped } = await listFiles(folder);
  if (pictures.length === 0) throw await noPictures(folder, others);
  const around = {
    pictures: pictures.map(({ source }) => source),
    others,
    unusable: skipped.map((file) => file.path),
  };
  const found =
    labels === undefined || labels === IN_FOLDERS
      ? ((await readClasses(folder, pictures, around, labels === IN_FOLDERS)) ??
        (labels === undefined ? readNames(pictures) : undefined))
      : await readNamedTable(folder, pictures, around, path.posix.normalize(labels.replaceAll('\\', '/')));
  if (found === undefined) throw noLabels(folder, pictures, others);
  const { seen, files, tables = [], notes = [] } = found;
  const classes = [...new Set(files.map(({ folders }) => folders.at(-1) ?? ''))].sort();
  checkClasses(seen, classes);
  const taken = new Set(files.map(({ source }) => source));
  const used = new Set(tables.map(({ file }) => file));
  const passed = others.filter((file) => !used.has(file));
  const without = pictures.filter(({ source }) => !taken.has(source));
  return {
    seen,
    files: placePictures(files),
    classes,
    skipped: [
      ...skipped,
      ...without.map(({ source }) => ({ path: source, reason: 'its class is not said' })),
    ],
    missing: tables.flatMap(({ missing }) => missing),
    notes: [
      ...notes,
      ...(passed.length === 0
        ? []
        : [`Passed over ${countOf(passed.length, 'other file')}: ${shown(passed)}.`]),
      ...tables.flatMap(({ file, missing }) =>
        missing.length === 0
          ? []
          : [
              `${file} names ${countOf(missing.length, 'file')} that ${missing.length === 1 ? 'is' : 'are'} not here: ${shown(missing)}.`,
            ],
      ),
    ],
  };
}

/** The name of the reading in which folders are classes. */
const IN_FOLDERS = 'folders';

/** @throws {UsageError} where no job could train on the classes. */
function checkClasses(seen: string, classes: readonly string[]): void {
  if (classes.length < FEWEST_CLASSES)
    throw new UsageError(
      `${seen} says one class for every picture: "${classes[0]}". A classifier needs at least ${FEWEST_CLASSES}.`,
    );
  for (const names of groupBy(classes, foldName).values())
    if (names.length > 1)
      throw new UsageError(
        `The classes ${names.map((name) => `"${name}"`).join(' and ')} differ only in case or in how their letters are encoded. Merge them, or ` +
          'rename one. Nothing was sent.',
      );
}

interface FoundClasses {
  readonly seen: string;
  readonly files: readonly LabelledFile[];
  readonly tables?: LabelTable['tables'];
  readonly notes?: readonly string[];
}

async function readClasses(
  folder: string,
  pictures: readonly ListedFile[],
  around: TableSurroundings,
  isChosen: boolean,
): Promise<FoundClasses | undefined> {
  const layout = detectLayout(around.pictures);
  const placed = pictures.flatMap((file) => {
    const place = placeFile(file.source, layout);
    return place.kind === 'picture' ? [{ ...file, ...place }] : [];
  });
  const classes = new Set(placed.map(({ label }) => label));
  const isClear = layout.ambiguity === null && classes.size >= FEWEST_CLASSES;
  if (isChosen && isClear) return inFolders(placed, layout.splits);
  if (isClear && placed.length === pictures.length) {
    const tables = await readLabelTables(folder, around).catch(ignoreUsageError);
    if (tables === undefined) return inFolders(placed, layout.splits);
    checkAgreement(folder, placed, tables);
    const [names, verb] = [
      tables.tables.map(({ file }) => file).join(', '),
      tables.tables.length === 1 ? 'is' : 'are',
    ];
    return {
      ...inFolders(placed, layout.splits),
      tables: tables.tables,
      notes: [`${names} ${verb} not used: the folders say the classes.`],
    };
  }
  const tables = isChosen ? undefined : await readLabelTables(folder, around);
  if (tables?.namesMost === true) return inTables(pictures, tables);
  if (isClear) return inFolders(placed, layout.splits);
  if (layout.ambiguity !== null && placed.length > 0 && labelsInNames(around.pictures) === undefined)
    throw new UsageError(`"${folder}" can be read in two ways. ${layout.ambiguity}`);
  return undefined;
}

/** Beside class folders, a table may be about something else. */
function ignoreUsageError(error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error;
}

/** @throws {UsageError} where tables that name most of the pictures group them in another way than the folders. */
function checkAgreement(
  folder: string,
  placed: readonly { readonly source: string; readonly label: string }[],
  { labels, namesMost, tables }: LabelTable,
): void {
  const toTable = new Map<string, string>();
  const toFolder = new Map<string, string>();
  // Other names for the same groups, such as numbers, are no other classes.
  const other = placed.find(({ source, label }) => {
    const said = labels.get(source)?.label;
    if (said === undefined) return false;
    if (!toTable.has(label)) toTable.set(label, said);
    if (!toFolder.has(said)) toFolder.set(said, label);
    return toTable.get(label) !== said || toFolder.get(said) !== label;
  });
  if (!namesMost || other === undefined) return;
  const names = tables.map(({ file }) => file);
  throw new UsageError(
    `"${folder}" can be read in two ways. ${names.join(', ')} and the folders say other classes: "${other.source}" lies in ` +
      `"${other.label}", and the table says "${labels.get(other.source)?.label}". Choose: --labels ${names[0]} or --labels ${IN_FOLDERS}.`,
  );
}

/** @throws {UsageError} where there is no such table, or it names no picture. */
async function readNamedTable(
  folder: string,
  pictures: readonly ListedFile[],
  around: TableSurroundings,
  file: string,
): Promise<FoundClasses> {
  const tables = around.others.includes(file)
    ? await readLabelTables(folder, { ...around, others: [file] })
    : undefined;
  if (tables === undefined)
    throw new UsageError(
      `"${file}" is no table in "${folder}" that gives its pictures classes. Name one by its path in the folder, or "${IN_FOLDERS}".`,
    );
  return inTables(pictures, tables);
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
  return { seen, files, tables: tables.tables };
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

async function noPictures(folder: string, others: readonly string[]): Promise<UsageError> {
  const archives = others.filter((file) => /\.(zip|tar|tgz|tar\.gz)$/i.test(file));
  const parquet = others.filter((file) => /\.(parquet|arrow|tfrecords?)$/i.test(file));
  const advice =
    archives.length > 0
      ? `It has archives (${shown(archives)}): unpack them first.`
      : parquet.length > 0
        ? `It has packed data (${shown(parquet)}), which is not read: export the pictures as files, e.g. as an "imagefolder".`
        : others.length === 0
          ? (await hasFolders(folder))
            ? 'Its folders have no files.'
            : 'It is empty.'
          : `It has ${countOf(others.length, 'other file')}: ${shown(others)}.`;
  return new UsageError(`There is no picture in "${folder}". ${advice} ${WANTED}`);
}

const hasFolders = async (folder: string): Promise<boolean> =>
  (await readdir(folder, { withFileTypes: true })).some(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
  );

/** The class of all pictures, where class folders say one alone. */
function onlyClass(pictures: readonly ListedFile[]): string | undefined {
  const layout = detectLayout(pictures.map(({ source }) => source));
  const places = pictures.map(({ source }) => placeFile(source, layout));
  const labels = new Set(places.map((place) => (place.kind === 'picture' ? place.label : undefined)));
  return labels.size === 1 ? [...labels][0] : undefined;
}

function noLabels(folder: string, pictures: readonly ListedFile[], others: readonly string[]): UsageError {
  const boxes = others.filter((file) => /(^|\/)labels\/.*\.txt$|\.xml$/i.test(file));
  const only = boxes.length > 0 ? undefined : onlyClass(pictures);
  if (only !== undefined)
    return new UsageError(
      `"${folder}" has one class alone, "${only}", with ${countOf(pictures.length, 'picture')}. A classifier needs at least ${FEWEST_CLASSES}: put ` +
        'pictures of something else into a folder beside it.',
    );
  const are = (count: number) => (count === 1 ? 'is' : 'are');
  const seen =
    boxes.length > 0
      ? `There ${are(boxes.length)} ${countOf(boxes.length, 'file')} that ${boxes.length === 1 ? 'looks' : 'look'} like boxes of an object detector (${shown(boxes)}). A classifier needs one class for ` +
        'each picture: export the dataset for classification.'
      : `There ${are(pictures.length)} ${countOf(pictures.length, 'picture')} (${shown(pictures.map(({ source }) => source))}), and nothing says which class each has.`;
  return new UsageError(
    `"${folder}" does not say the classes of its pictures. ${seen} ${WANTED} Or put a file labels.csv beside the pictures, with the columns ` +
      '"file" and "label"; or name them after their class, e.g. apple_001.jpg.',
  );
}
