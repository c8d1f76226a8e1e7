// Symbolic links in a store's folder: which are followed, and the error for the others. A linked dataset is read like any other, but
// nothing is written through a link.

import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FoveaError } from '../../../errors/errors.ts';
import { keys } from '../../keys.ts';

/** Folders that may be links: that of all datasets, and that of one dataset. */
const LINKED = new RegExp(`^${keys.datasets()}([^/]+/)?$`);

/** Finds the links to folders outside the store that are followed. */
export interface LinkedFolders {
  /** Whether a folder is such a link. Its key ends in `/`. */
  isLinked(folder: string): Promise<boolean>;
  /** The real path of the linked folder that a key lies in, if it lies in one. */
  targetOf(key: string): Promise<string | undefined>;
}

/** Whether a real path is a real folder or lies in it. */
export const lies = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** The error `storage-link-refused`. */
export function linkError(key: string, action: 'read' | 'write'): FoveaError {
  const reason =
    action === 'write'
      ? 'lies in a linked folder, where Fovea does not write. Change the files where the link leads, or copy them into place.'
      : 'is a symbolic link, or lies behind one, that is not followed. Fovea follows links to files inside the storage folder, and ' +
        'links to folders that are datasets. Link the whole dataset, or copy the files into place.';
  return new FoveaError('storage-link-refused', `"${key}" ${reason}`, { param: key });
}

/** Finds links in the folder of a store. */
export function createLinkedFolders(root: string): LinkedFolders {
  /** Where the link of a folder leads; undefined where it is no link, or leads to a folder that contains the store. */
  async function follow(folder: string): Promise<string | undefined> {
    if (!LINKED.test(folder)) return undefined;
    const path = join(root, folder.slice(0, -1));
    const own = await lstat(path).catch(() => undefined);
    if (own?.isSymbolicLink() !== true) return undefined;
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined || lies(await realpath(root), target)) return undefined;
    return (await lstat(target)).isDirectory() ? target : undefined;
  }

  return {
    isLinked: async (folder) => (await follow(folder)) !== undefined,
    async targetOf(key) {
      const [datasets, dataset] = key.split('/');
      return (await follow(`${datasets}/`)) ?? (await follow(`${datasets}/${dataset}/`));
    },
  };
}
