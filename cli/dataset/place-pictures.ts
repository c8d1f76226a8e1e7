// Gives pictures their paths in a dataset, where classes have no subfolders.

import path from 'node:path';
import { shortHashOf } from './dataset-name.ts';

/** A file of the folder whose class is known. */
export interface LabelledFile {
  /** Path below the folder, `/`-separated. */
  readonly source: string;
  readonly sizeBytes: number;
  /** Folders in the dataset: the class, or a split and the class. */
  readonly folders: readonly string[];
  /** The rest of its path, which becomes its name. */
  readonly rest: readonly string[];
}

/** A file and its path in the dataset. */
export interface PlacedFile {
  /** Path below the dataset, `/`-separated: `<class>/<file>` or `<split>/<class>/<file>`. */
  readonly path: string;
  readonly source: string;
  readonly sizeBytes: number;
}

/** The longest name that file systems and the API allow, in bytes of UTF-8. */
const NAME_MAX_BYTES = 255;

/**
 * Places files. Folders within a class become part of the names; where two files would have one name, or a name would be too long, it is made
 * of the hash of the path, so that the same folder gives the same names each time.
 */
export function placePictures<F extends LabelledFile>(files: readonly F[]): (F & PlacedFile)[] {
  const taken = new Set<string>();
  const depthOf = ({ source }: LabelledFile) => source.split('/').length;
  // Files that lie less deep come first, so that they keep their names; otherwise the order stays.
  return [...files]
    .sort((a, b) => depthOf(a) - depthOf(b))
    .map((file) => {
      const inClass = (name: string) => [...file.folders, name].join('/');
      const flat = file.rest.join('-');
      const isFree = Buffer.byteLength(flat) <= NAME_MAX_BYTES && !taken.has(inClass(flat));
      const target = inClass(isFree ? flat : `${shortHashOf(file.source)}${path.extname(file.source)}`);
      taken.add(target);
      return { ...file, path: target };
    });
}
