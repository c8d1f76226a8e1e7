// Names and folders of a store on disk: where a key's file lies, and the store's own folder beside them.
//
//   <root>/<key>                          the objects, plain files
//   <root>/.fovea-store/staging/<name>    contents being written
//   <root>/.fovea-store/claims/<hash>/    see replace-file.ts

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FoveaError } from '../../../errors.ts';
import { RESERVED_FOLDER } from '../../object-key.ts';
import { succeeds } from './file-errors.ts';
import type { SlotOf } from './replace-file.ts';

/** Nothing that a living process writes takes this long; older leftovers are a dead one's. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

export interface StoreFolders {
  readonly pathOf: (key: string) => string;
  readonly slotsOf: (key: string) => SlotOf;
  /** Makes the store's own folders, removes what dead processes left, and gives a fresh name in the staging folder. */
  readonly stagingName: () => Promise<string>;
  /** @throws {FoveaError} `storage-link-refused` where links lead from the path out of the store. */
  readonly assertInside: (path: string, key: string) => Promise<void>;
}

/** The error for links that are not followed. */
export function linkError(key: string): FoveaError {
  return new FoveaError(
    'storage-link-refused',
    `"${key}" is a symbolic link, or lies behind one, that is not followed: only links to files inside the storage folder are. ` +
      'Copy the files into place, or mount their folder there.',
    { param: key },
  );
}

export function createStoreFolders(root: string): StoreFolders {
  const staging = join(root, RESERVED_FOLDER, 'staging');
  const claims = join(root, RESERVED_FOLDER, 'claims');
  let prepared: Promise<void> | undefined;
  let realRoot: Promise<string> | undefined;

  const prepare = async (): Promise<void> => {
    await mkdir(staging, { recursive: true });
    await mkdir(claims, { recursive: true });
    await removeLeftovers(staging, claims);
  };

  return {
    pathOf: (key) => join(root, ...key.split('/')),

    slotsOf: (key) => (version) =>
      join(claims, createHash('sha256').update(`${version}\n${key}`).digest('hex').slice(0, 40)),

    async stagingName() {
      prepared ??= prepare();
      await prepared.catch((error: unknown) => {
        prepared = undefined;
        throw error;
      });
      return join(staging, randomUUID());
    },

    async assertInside(path, key) {
      realRoot ??= realpath(root);
      const top = await realRoot.catch((error: unknown) => {
        realRoot = undefined;
        throw error;
      });
      const real = await realpath(path);
      if (real !== top && !real.startsWith(top.endsWith(sep) ? top : top + sep)) throw linkError(key);
    },
  };
}

/** Old staged contents, and claims without one. A claim that holds content is left to the next writer of its key. */
async function removeLeftovers(staging: string, claims: string): Promise<void> {
  const isOld = async (path: string): Promise<boolean> => {
    const stats = await stat(path).catch(() => undefined);
    return stats !== undefined && Date.now() - stats.mtimeMs > LEFTOVER_AGE_MS;
  };
  for (const name of await readdir(staging)) {
    const path = join(staging, name);
    if (await isOld(path)) await rm(path, { recursive: true, force: true });
  }
  for (const name of await readdir(claims)) {
    const slot = join(claims, name);
    if (!(await isOld(slot))) continue;
    const tokens = await readdir(slot, { withFileTypes: true }).catch(() => []);
    for (const token of tokens) {
      if (token.isDirectory()) await rm(join(slot, token.name), { recursive: true, force: true });
    }
    await succeeds(rmdir(slot), 'ENOENT', 'ENOTEMPTY', 'EEXIST');
  }
}
