// Symbolic links in a store's folder: which are followed, and the error for the others. A dataset that its owner has linked
// is read like any other; nothing is ever written through a link.

import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FoveaError } from '../../../errors/errors.ts';
import { keys } from '../../keys.ts';

/** The folder of all datasets, or of one. */
const LINKED = new RegExp(`^${keys.datasets()}([^/]+/)?$`);

/** Links to folders outside the store that are followed. */
export interface LinkedFolders {
  /** Whether a folder, whose key ends in `/`, is such a link. */
  isLinked(folder: string): Promise<boolean>;
  /** The real path of the linked folder that a key lies in, if it lies in one. */
  targetOf(key: string): Promise<string | undefined>;
}

/** True for a real path that is, or lies in, a real folder. */
export const lies = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

export function linkError(key: string, action: 'read' | 'write'): FoveaError {
  const reason =
    action === 'write'
      ? 'lies in a linked folder, of which Fovea only reads. Change the files where the link leads, or copy them into place.'
      : 'is a symbolic link, or lies behind one, that is not followed: only links to files inside the storage folder are, and ' +
        'those that make a folder a dataset. Link the whole dataset, or copy the files into place.';
  return new FoveaError('storage-link-refused', `"${key}" ${reason}`, { param: key });
}

export function createLinkedFolders(root: string): LinkedFolders {
  /** Where a link at a folder's place leads; not to a folder that holds the store itself, which would hold itself then. */
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
