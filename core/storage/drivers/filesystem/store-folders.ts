// The folders of a store on disk: where the file of a key is, and the folder that the driver keeps for itself.
//
//   <root>/<key>                          the objects, plain files
//   <root>/.fovea-store/staging/<name>    contents being written
//   <root>/.fovea-store/claims/<hash>/    see replace-file.ts

import { createHash, randomUUID } from 'node:crypto';
import { lstat, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../make-folder.ts';
import { RESERVED_FOLDER } from '../../object-key.ts';
import { succeeds } from './file-errors.ts';
import { createLinkedFolders, type LinkedFolders, lies, linkError } from './linked-folders.ts';
import { DELETED_NAME, type SlotOf } from './replace-file.ts';

/** No write takes this long, so older files in the staging folder were left by a dead process. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/** Paths of a store, and the checks of links in them. */
export interface StoreFolders {
  readonly pathOf: (key: string) => string;
  readonly slotsOf: (key: string) => SlotOf;
  /** Gives a fresh name in the staging folder. At first it makes the driver's folders and removes what dead processes left. */
  readonly stagingName: () => Promise<string>;
  /** Removes deleted contents whose deleter died before it could. */
  readonly removeDeleted: () => Promise<void>;
  /**
   * Checks a path before reading.
   * @throws {FoveaError} `storage-link-refused` where links lead from the path out of the store and out of a linked dataset.
   */
  readonly assertInside: (path: string, key: string) => Promise<void>;
  /**
   * Checks a key before writing. Folders that do not exist yet are no links.
   * @throws {FoveaError} `storage-link-refused` where a folder of the key is a link, wherever it leads.
   */
  readonly assertNoLinks: (key: string) => Promise<void>;
  readonly linked: LinkedFolders;
}

/** Computes the paths of a store. Does no I/O. */
export function createStoreFolders(root: string): StoreFolders {
  const linked = createLinkedFolders(root);
  const staging = join(root, RESERVED_FOLDER, 'staging');
  const claims = join(root, RESERVED_FOLDER, 'claims');
  let prepared: Promise<void> | undefined;
  let realRoot: Promise<string> | undefined;

  const prepare = async (): Promise<void> => {
    await assertNoLinks(`${RESERVED_FOLDER}/staging/name`);
    await assertNoLinks(`${RESERVED_FOLDER}/claims/name`);
    await makeFolder(staging);
    await makeFolder(claims);
    await removeDeletedIn(claims);
    await removeLeftovers(staging, claims);
  };

  async function assertNoLinks(key: string): Promise<void> {
    const folders = key.split('/').slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      const stats = await lstat(join(root, ...folders.slice(0, depth))).catch(() => undefined);
      if (stats === undefined) return;
      if (stats.isSymbolicLink()) throw linkError(key, 'write');
    }
  }

  return {
    linked,
    assertNoLinks,
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

    async removeDeleted() {
      await assertNoLinks(`${RESERVED_FOLDER}/claims/name`);
      await removeDeletedIn(claims);
    },

    async assertInside(path, key) {
      realRoot ??= realpath(root);
      const top = await realRoot.catch((error: unknown) => {
        realRoot = undefined;
        throw error;
      });
      const real = await realpath(path);
      if (lies(real, top)) return;
      const target = await linked.targetOf(key);
      if (target === undefined || !lies(real, target)) throw linkError(key, 'read');
    },
  };
}

/**
 * Removes contents that deletions have moved into their claims. At any age: whoever moved one there removes it next, and takes it for no
 * error where it is gone.
 */
async function removeDeletedIn(claims: string): Promise<void> {
  for (const slot of await namesIn(claims))
    for (const token of await namesIn(join(claims, slot)))
      await succeeds(rm(join(claims, slot, token, DELETED_NAME)), 'ENOENT', 'ENOTDIR');
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  await succeeds(
    readdir(folder).then((found) => names.push(...found)),
    'ENOENT',
  );
  return names;
}

/** Removes old staged contents and empty claims. A claim with content is left to the next writer of its key. */
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
