// Tables that say the classes of pictures: CSV files of any usual form, the metadata of Hugging Face's imagefolder, the one-hot tables of
// Roboflow, and annotations in COCO's format.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Split, splitOfFolder } from '../../core/dataset/split-folder.ts';
import { UsageError } from '../terminal/exit-codes.ts';

/** What tables say of pictures. */
export interface LabelTable {
  /** What was seen, for people. */
  readonly seen: string;
  /** By the path of the picture below the folder. */
  readonly labels: ReadonlyMap<string, { readonly label: string; readonly split: Split | null }>;
  /** Whether they name at least half of the pictures. */
  readonly namesMost: boolean;
  /** The tables that name a picture, by their paths below the folder, with the files that each names and that are not there. */
  readonly tables: readonly { readonly file: string; readonly missing: readonly string[] }[];
}

interface Row {
  /** How the table names the picture. */
  readonly file: string;
  readonly label: string;
  readonly split: Split | null;
}

interface Table {
  readonly file: string;
  /** What was seen, e.g. `column "label"`. */
  readonly by: string;
  readonly rows: readonly Row[];
}

/** A table, and whether its bytes are text of a known encoding: otherwise letters outside of English may be wrong. */
type ReadTable = Table & { readonly isText: boolean };

const TABLE = /\.(csv|tsv|jsonl|json)$/i;
const MAX_TABLES = 20;
const MAX_TABLE_BYTES = 256 * 1024 * 1024;
/** Names of columns in lower case, the likeliest first. */
const FILE_COLUMNS = [
  'file_name',
  'filename',
  'file',
  'image',
  'image_path',
  'path',
  'filepath',
  'image_name',
  'image_id',
  'img',
  'id',
  'name',
  'id_code',
  'datei',
  'dateiname',
  'bild',
];
const LABEL_COLUMNS = [
  'label',
  'labels',
  'class',
  'class_name',
  'category',
  'target',
  'tag',
  'species',
  'breed',
  'diagnosis',
  'y',
  'klasse',
  'kategorie',
];
const SPLIT_COLUMNS = ['split', 'set', 'subset', 'partition', 'data set'];
/** The share of the pictures that tables must name to count. */
const FEWEST_NAMED = 0.5;

/** The files of a folder. */
export interface TableSurroundings {
  /** Paths of the files that are no pictures, below the folder. */
  readonly others: readonly string[];
  /** Paths of the pictures. */
  readonly pictures: readonly string[];
  /** Paths of pictures that are there and cannot be used. */
  readonly unusable: readonly string[];
}

/**
 * What the tables of a folder say of its pictures; undefined where there are none that name a picture.
 * @throws {UsageError} where a table gives a picture several classes, is in an unknown encoding, or has a class whose name cannot be a folder's.
 */
export async function readLabelTables(
  folder: string,
  { others, pictures, unusable }: TableSurroundings,
): Promise<LabelTable | undefined> {
  const files = others.filter((file) => TABLE.test(file) && file.split('/').length <= 3).slice(0, MAX_TABLES);
  const find = pictureFinder(pictures);
  const isNamed = nameSet([...pictures, ...unusable]);
  const labels = new Map<string, { label: string; split: Split | null }>();
  const used: (Table & { readonly missing: readonly string[] })[] = [];
  for (const file of files) {
    const table = await readTable(folder, file);
    if (table === undefined) continue;
    const base = path.posix.dirname(file);
    const missing = new Set<string>();
    let named = 0;
    for (const { file: name, label, split } of table.rows) {
      const picture = find(base === '.' ? '' : base, name);
      if (picture === undefined) {
        if (!isNamed(name)) missing.add(name);
        continue;
      }
      named++;
      const before = labels.get(picture);
      if (before !== undefined && before.label !== label)
        throw new UsageError(
          `${file} gives "${picture}" the classes "${before.label}" and "${label}". A classifier has one class for each picture: remove one.`,
        );
      labels.set(picture, { label: parseLabel(label, file), split });
    }
    if (named > 0 && !table.isText)
      throw new UsageError(
        `${file} is not UTF-8: letters outside of English would be lost. Save it as "CSV UTF-8" (in Excel: Save as), and push again.`,
      );
    if (named > 0) used.push({ ...table, missing: [...missing] });
  }
  if (labels.size === 0) return undefined;
  return {
    seen: used.map(({ file, by }) => `${file} (${by})`).join(', '),
    labels,
    namesMost: labels.size >= FEWEST_NAMED * pictures.length,
    tables: used.map(({ file, missing }) => ({ file, missing })),
  };
}

async function readTable(folder: string, file: string): Promise<ReadTable | undefined> {
  const place = path.join(folder, file);
  if ((await stat(place)).size > MAX_TABLE_BYTES) return undefined;
  const { text, isText } = decodeText(await readFile(place));
  const table = parseTable(file, text);
  return table && { ...table, isText };
}

/** The encodings that begin with a mark, as Excel and editors on Windows write them. */
const MARKED = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/** How UTF-16 without a mark begins: a table's first letter is one of ASCII, of which one byte is 0. */
const UNMARKED = [
  { zeroAt: 1, encoding: 'utf-16le' },
  { zeroAt: 0, encoding: 'utf-16be' },
] as const;

/** The text of a file: UTF-16 where its beginning says so, else UTF-8. Other bytes are read as far as they can be. */
function decodeText(bytes: Uint8Array): { readonly text: string; readonly isText: boolean } {
  const { encoding = 'utf-8' } =
    MARKED.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte)) ??
    UNMARKED.find(({ zeroAt }) => bytes[zeroAt] === 0) ??
    {};
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), isText: true };
  } catch {
    return { text: new TextDecoder(encoding).decode(bytes), isText: false };
  }
}

function parseTable(file: string, text: string): Table | undefined {
  // The name of the table or of its folder may be that of a split: train.csv, valid/_classes.csv.
  const split =
    splitOfFolder(path.parse(file).name) ??
    splitOfFolder(path.posix.basename(path.posix.dirname(file))) ??
    null;
  try {
    if (/\.json$/i.test(file)) return readCoco(file, JSON.parse(text), split);
    if (/\.jsonl$/i.test(file)) {
      const records = text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line));
      return toTable(file, records as Record<string, unknown>[], split);
    }
    return readCsv(file, text, split);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // A table that cannot be read may be about something else.
    return undefined;
  }
}

function readCsv(file: string, text: string, split: Split | null): Table | undefined {
  const [head = ''] = text.split('\n');
  const delimiter = ['\t', ';', ','].find((one) => head.includes(one)) ?? ',';
  const rows: string[][] = parse(text, {
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    trim: true,
  });
  const [names = [], ...rest] = rows;
  const hasHead = findColumn(names, FILE_COLUMNS) !== undefined;
  // Without a head: two columns, the file and its class.
  if (!hasHead && names.length !== 2) return undefined;
  const columns = hasHead ? names : ['file', 'label'];
  const records = (hasHead ? rest : rows).map((row) =>
    Object.fromEntries(columns.map((name, i) => [name, row[i] ?? ''])),
  );
  return toTable(file, records, split);
}

function toTable(
  file: string,
  records: readonly Readonly<Record<string, unknown>>[],
  split: Split | null,
): Table | undefined {
  const columns = Object.keys(records[0] ?? {});
  const fileColumn = findColumn(columns, FILE_COLUMNS);
  if (fileColumn === undefined) return undefined;
  const splitColumn = findColumn(columns, SPLIT_COLUMNS);
  const labelColumn = findColumn(columns, LABEL_COLUMNS);
  const splitOf = (record: Readonly<Record<string, unknown>>) =>
    splitColumn === undefined ? split : (splitOfFolder(String(record[splitColumn])) ?? split);
  if (labelColumn !== undefined) {
    const rows = records.flatMap((record) => {
      const label = String(record[labelColumn] ?? '').trim();
      return label === '' ? [] : [{ file: String(record[fileColumn]), label, split: splitOf(record) }];
    });
    return { file, by: `columns "${fileColumn}" and "${labelColumn}"`, rows };
  }
  const classes = columns.filter((column) => column !== fileColumn && column !== splitColumn);
  const isOneHot =
    classes.length > 1 &&
    records.every((record) => classes.every((name) => /^[01](\.0*)?$/.test(String(record[name]))));
  if (!isOneHot) return undefined;
  const rows = records.flatMap((record) => {
    const given = classes.filter((name) => Number(record[name]) === 1);
    if (given.length > 1)
      throw new UsageError(
        `${file} gives "${String(record[fileColumn])}" several classes: ${given.join(', ')}. A classifier has one class for each picture: export the ` +
          'dataset with one label each.',
      );
    return given.map((label) => ({
      file: String(record[fileColumn]),
      label: label.trim(),
      split: splitOf(record),
    }));
  });
  return { file, by: `a column for each class`, rows };
}

/** @throws {UsageError} where a picture has objects of several classes. */
function readCoco(file: string, value: unknown, split: Split | null): Table | undefined {
  const { images, annotations, categories } = value as {
    images?: { id: unknown; file_name: string }[];
    annotations?: { image_id: unknown; category_id: unknown }[];
    categories?: { id: unknown; name: string }[];
  };
  if (!Array.isArray(images) || !Array.isArray(annotations) || !Array.isArray(categories)) return undefined;
  const nameOf = new Map(categories.map(({ id, name }) => [id, name]));
  const labelsOf = new Map<unknown, Set<string>>();
  for (const { image_id, category_id } of annotations) {
    const label = nameOf.get(category_id);
    if (label !== undefined) labelsOf.set(image_id, (labelsOf.get(image_id) ?? new Set()).add(label));
  }
  const rows = images.flatMap(({ id, file_name }) => {
    const [label, ...more] = labelsOf.get(id) ?? [];
    if (more.length > 0)
      throw new UsageError(
        `${file} has objects of several classes in "${file_name}": ${[label, ...more].join(', ')}. These are annotations of an object detector. ` +
          'A classifier has one class for each picture: export the dataset for classification.',
      );
    return label === undefined ? [] : [{ file: file_name, label, split }];
  });
  return { file, by: "annotations in COCO's format", rows };
}

/** The first of the known names that a column has, in whatever case. */
function findColumn(columns: readonly string[], known: readonly string[]): string | undefined {
  const byName = new Map(columns.map((column) => [column.trim().toLowerCase(), column]));
  for (const name of known) if (byName.has(name)) return byName.get(name);
  return undefined;
}

/** @throws {UsageError} where it cannot be the name of a folder. */
function parseLabel(label: string, file: string): string {
  if (!label.startsWith('.') && !/[/\\\p{Cc}]/u.test(label)) return label;
  throw new UsageError(
    `${file} has the class ${JSON.stringify(label)}, which cannot be the name of a folder: it begins with "." or has "/" or "\\". Rename it there.`,
  );
}

/** Finds the picture that a table means: by its path, by its name, or by its name without the ending. */
function pictureFinder(pictures: readonly string[]) {
  const byPath = new Set(pictures);
  const byName = uniqueBy(pictures, (picture) => path.posix.basename(picture));
  const byStem = uniqueBy(pictures, (picture) => path.posix.parse(picture).name);
  return (base: string, name: string): string | undefined => {
    const normal = path.posix.normalize(name.replaceAll('\\', '/').trim());
    const beside = path.posix.join(base, normal);
    if (byPath.has(beside)) return beside;
    if (byPath.has(normal)) return normal;
    const found = byName.get(path.posix.basename(normal)) ?? byStem.get(path.posix.basename(normal));
    // Below the folder of the table, where splits have names in common.
    return found === undefined || (base !== '' && !found.startsWith(`${base}/`)) ? undefined : found;
  };
}

/** Whether some file may be meant by a name, also where several have it. */
function nameSet(files: readonly string[]): (name: string) => boolean {
  const names = new Set(files.flatMap((file) => [path.posix.basename(file), path.posix.parse(file).name]));
  return (name) => names.has(path.posix.basename(name.replaceAll('\\', '/').trim()));
}

/** Entries by a name that only one of them has. */
function uniqueBy(
  pictures: readonly string[],
  nameOf: (picture: string) => string,
): ReadonlyMap<string, string> {
  const found = new Map<string, string | undefined>();
  for (const picture of pictures)
    found.set(nameOf(picture), found.has(nameOf(picture)) ? undefined : picture);
  return new Map([...found].filter((entry): entry is [string, string] => entry[1] !== undefined));
}
