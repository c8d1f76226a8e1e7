// The files of a dataset folder on this machine, and one of them set aside to try the model on.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DatasetLayout, detectLayout, placeFile } from '../../core/dataset/dataset-layout.ts';
import { groupBy } from '../../core/dataset/group-by.ts';
import type { Split } from '../../core/dataset/split-folder.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { shortHashOf } from './dataset-name.ts';
import { walkFolder } from './walk-folder.ts';

export interface PictureFile {
  /** Path below the dataset, `/`-separated: `<class>/<file>` or `<split>/<class>/<file>`. */
  readonly path: string;
  /** Path below the folder, which may be deeper. */
  readonly source: string;
  readonly sizeBytes: number;
  read(): Promise<Uint8Array>;
}

export interface HeldOutPicture {
  readonly name: string;
  readonly label: string;
  read(): Promise<Uint8Array>;
}

/** A file that no training could read, and why. */
export interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

export interface CollectedPictures {
  readonly pictures: readonly PictureFile[];
  readonly heldOut: HeldOutPicture;
  readonly leftOut: readonly LeftOutFile[];
}

interface PlacedFile extends PictureFile {
  readonly label: string;
  readonly split: Split | null;
}

const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i;
/** What decoders take; the API takes larger files, to no use. */
const MAX_BYTES = DEFAULT_IMAGE_LIMITS.maxBytes;
const OUTSIDE_CLASS = 'in no class';
/** What file systems, and the API, allow for one name. */
const NAME_MAX_BYTES = 255;

/**
 * Every file of a class in `folder`, less the held-out picture. Where the folder has a test split, that picture comes from there and
 * stays: training does not see it anyway.
 * @throws where there is no such folder, or no picture in it.
 */
export async function collectPictures(folder: string): Promise<CollectedPictures> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new Error(`"${folder}" is no folder. Give a folder of pictures, with one subfolder a class.`);
  const { files, leftOut: unreadable } = await listFiles(folder);
  const layout = detectLayout(files.map(({ source }) => source));
  if (layout.ambiguity !== null) throw new Error(`"${folder}" can be read in two ways. ${layout.ambiguity}`);
  const [inClass, outside] = partition(files, ({ source }) => placeFile(source, layout).kind === 'picture');
  const placed = placeFiles(folder, inClass, layout);
  const leftOut = [...unreadable, ...outside.map(({ source }) => ({ path: source, reason: OUTSIDE_CLASS }))];
  const images = placed.filter((file) => IMAGE.test(file.source));
  const inTest = images.find((file) => file.split === 'test');
  const chosen = inTest ?? largestClass(images)?.at(-1);
  if (chosen === undefined) {
    throw new Error(
      [
        `There is no picture in "${folder}". Put pictures into one subfolder for each class.`,
        ...(leftOut.length === 0 ? [] : [describeLeftOut(leftOut)]),
      ].join(' '),
    );
  }
  return {
    pictures: inTest === undefined ? placed.filter((file) => file !== chosen) : placed,
    heldOut: { name: path.basename(chosen.source), label: chosen.label, read: chosen.read },
    leftOut,
  };
}

/** Files named in one line; the rest is counted. */
const SHOWN_FILES = 5;

/** Such as `Left out 2 files: "cat/1.jpg" (empty), "cat/2.jpg" (over 20 MB).` */
export function describeLeftOut(leftOut: readonly LeftOutFile[]): string {
  const shown = leftOut.slice(0, SHOWN_FILES).map((file) => `"${file.path}" (${file.reason})`);
  const more = leftOut.length > SHOWN_FILES ? ` and ${leftOut.length - SHOWN_FILES} more` : '';
  return `Left out ${leftOut.length} file${leftOut.length === 1 ? '' : 's'}: ${shown.join(', ')}${more}.`;
}

interface ListedFile {
  readonly source: string;
  readonly sizeBytes: number;
}

async function listFiles(
  folder: string,
): Promise<{ readonly files: readonly ListedFile[]; readonly leftOut: readonly LeftOutFile[] }> {
  const files: ListedFile[] = [];
  const leftOut: LeftOutFile[] = [];
  for await (const entry of walkFolder(folder)) {
    if (entry.kind === 'dead-link') leftOut.push({ path: entry.path, reason: entry.reason });
    else if (!entry.path.includes('/')) leftOut.push({ path: entry.path, reason: OUTSIDE_CLASS });
    else if (entry.sizeBytes === 0) leftOut.push({ path: entry.path, reason: 'empty' });
    else if (entry.sizeBytes > MAX_BYTES)
      leftOut.push({ path: entry.path, reason: `over ${MAX_BYTES / 1e6} MB` });
    else files.push({ source: entry.path, sizeBytes: entry.sizeBytes });
  }
  return { files, leftOut };
}

/** Gives every file of a class its place in the dataset, where classes have no folders. */
function placeFiles(folder: string, files: readonly ListedFile[], layout: DatasetLayout): PlacedFile[] {
  const taken = new Set<string>();
  const depthOf = (file: ListedFile) => file.source.split('/').length;
  // The least deep first, so that they keep their names; otherwise the order stays.
  return [...files]
    .sort((a, b) => depthOf(a) - depthOf(b))
    .flatMap((file): PlacedFile[] => {
      const { source } = file;
      const place = placeFile(source, layout);
      if (place.kind !== 'picture') return [];
      const inClass = (name: string) => [...place.folders, name].join('/');
      const flat = place.rest.join('-');
      const isFree = Buffer.byteLength(flat) <= NAME_MAX_BYTES && !taken.has(inClass(flat));
      const target = inClass(isFree ? flat : `${shortHashOf(source)}${path.extname(source)}`);
      taken.add(target);
      const read = () => readFile(path.join(folder, source));
      return [{ ...file, path: target, label: place.label, split: place.split, read }];
    });
}

const partition = <T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] => [
  items.filter(isFirst),
  items.filter((item) => !isFirst(item)),
];

/** The class that can best spare a picture, of those that training sees. */
function largestClass(files: readonly PlacedFile[]): readonly PlacedFile[] | undefined {
  const trained = files.filter(({ split }) => split === null || split === 'train');
  return [...groupBy(trained, ({ label }) => label).values()].sort((a, b) => b.length - a.length)[0];
}
