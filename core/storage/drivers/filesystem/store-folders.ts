// Names and folders of a store on disk: where a key's file lies, and the store's own folder beside them.
//
//   <root>/<key>                          the objects, plain files
//   <root>/.fovea-store/staging/<name>    contents being written
//   <root>/.fovea-store/claims/<hash>/    see replace-file.ts

import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RESERVED_FOLDER } from '../../object-key.ts';
import { succeeds } from './file-errors.ts';
import { createLinkedFolders, type LinkedFolders, lies, linkError } from './linked-folders.ts';
import type { SlotOf } from './replace-file.ts';

/** Nothing that a living process writes takes this long; older leftovers are a dead one's. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

export interface StoreFolders {
  readonly pathOf: (key: string) => string;
  readonly slotsOf: (key: string) => SlotOf;
  /** Makes the store's own folders, removes what dead processes left, and gives a fresh name in the staging folder. */
  readonly stagingName: () => Promise<string>;
  /**
   * For reading.
   * @throws {FoveaError} `storage-link-refused` where links lead from the path out of the store, and out of the folder that
   *   {@link LinkedFolders} have linked.
   */
  readonly assertInside: (path: string, key: string) => Promise<void>;
  /**
   * For writing: looks before anything is made. What does not exist yet is no link.
   * @throws {FoveaError} `storage-link-refused` where a folder of the key is a link, wherever that leads.
   */
  readonly assertNoLinks: (key: string) => Promise<void>;
  readonly linked: LinkedFolders;
}

export function createStoreFolders(root: string): StoreFolders {
  const linked = createLinkedFolders(root);
  const staging = join(root, RESERVED_FOLDER, 'staging');
  const claims = join(root, RESERVED_FOLDER, 'claims');
  let prepared: Promise<void> | undefined;
  let realRoot: Promise<string> | undefined;

  const prepare = async (): Promise<void> => {
    await assertNoLinks(`${RESERVED_FOLDER}/staging/name`);
    await assertNoLinks(`${RESERVED_FOLDER}/claims/name`);
    await mkdir(staging, { recursive: true });
    await mkdir(claims, { recursive: true });
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
