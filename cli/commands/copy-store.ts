// `fovea backup` and `fovea restore`: copy a data folder or a bucket, and show progress. They work on the stores themselves,
// without a server.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Presets, SingleBar } from 'cli-progress';
import { backUp } from '../../core/backup/back-up.ts';
import type { CopyDeps, CopyProgress } from '../../core/backup/copy-objects.ts';
import { restore } from '../../core/backup/restore.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { createRetryingStore } from '../../core/storage/retrying-store.ts';

/** The options of both commands. */
export interface CopyStoreOptions {
  /** The data folder, or `s3://bucket/prefix`. */
  readonly data: string;
}

/** Lines of progress that are written where the output is not a terminal. */
const LINES = 10;

/**
 * Backs up a store to `target`, a folder or `s3://bucket/prefix`.
 * @throws {FoveaError} what {@link backUp} throws, or opening a store.
 */
export async function runBackup(target: string, { data }: CopyStoreOptions): Promise<void> {
  const [from, to] = [await openPlace(data), await openPlace(target)];
  const objects = await showing({ from, to }, (copying) => backUp({ ...copying, now: Date.now }));
  console.log(
    `Backed up ${objects} objects of ${from.url} in ${to.url}. To restore them: ${shownCommand('restore', target)}`,
  );
}

/**
 * Restores a backup into an empty store.
 * @throws {FoveaError} what {@link restore} throws, or opening a store.
 */
export async function runRestore(backup: string, { data }: CopyStoreOptions): Promise<void> {
  const [from, to] = [await openPlace(backup), await openPlace(data)];
  const objects = await showing({ from, to }, restore);
  console.log(`Restored ${objects} objects of ${from.url} in ${to.url}.`);
}

async function openPlace(place: string): Promise<ObjectStore> {
  const url = /^(s3|file):/.test(place) ? place : pathToFileURL(path.resolve(place)).href;
  return createRetryingStore(await openObjectStore(url));
}

async function showing(
  stores: Pick<CopyDeps, 'from' | 'to'>,
  copy: (copying: CopyDeps) => Promise<number>,
): Promise<number> {
  const format = 'copying  {bar} {value}/{total} objects, {mb} of {mbInAll} MB';
  const bar = new SingleBar({ stream: process.stdout, format, barsize: 24 }, Presets.shades_classic);
  const skipped: string[] = [];
  let lines = 0;
  const show = ({ objects, objectsInAll, bytes, bytesInAll }: CopyProgress) => {
    const sizes = { mb: (bytes / 1e6).toFixed(1), mbInAll: (bytesInAll / 1e6).toFixed(1) };
    if (!process.stdout.isTTY) {
      if (objects < Math.ceil(((lines + 1) * objectsInAll) / LINES)) return;
      lines = Math.floor((objects * LINES) / objectsInAll);
      console.log(`copied ${objects} of ${objectsInAll} objects, ${sizes.mb} of ${sizes.mbInAll} MB`);
    } else if (bar.isActive) bar.update(objects, sizes);
    else bar.start(objectsInAll, objects, sizes);
  };
  try {
    return await copy({
      ...stores,
      onProgress: show,
      onSkipped: (_, error) => skipped.push(error.message),
    });
  } finally {
    bar.stop();
    for (const problem of skipped) console.warn(`skipped: ${problem}`);
  }
}
