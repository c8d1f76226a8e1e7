// Names of a large folder are kept while the folder is as it was, and never longer. The date of a folder is set back here as if the
// file system told time in steps of seconds.

import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createFolderNames,
  type ReadFolderNames,
} from '../../../core/storage/drivers/filesystem/folder-names.ts';

const STEP_MS = 2500;
let folder: string;
let passedMs: number;
let read: ReadFolderNames;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-names-'));
  passedMs = 0;
  read = createFolderNames(() => passedMs);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fill = async (count: number) => {
  for (let index = 0; index < count; index++) await mkdir(join(folder, `f${String(index).padStart(4, '0')}`));
};

/** Adds a folder, of which the file system's date does not tell. */
async function addWithin(name: string): Promise<void> {
  const { atime, mtime } = await stat(folder);
  await mkdir(join(folder, name));
  await utimes(folder, atime, mtime);
}

const names = async () => (await read(folder)).map(({ name }) => name);

it('gives folders and links in the order of keys, without files', async () => {
  for (const name of ['b', 'b-c', 'a']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'a'), join(folder, 'link'));
  expect(await read(folder)).toEqual([
    { name: 'a/', isLink: false },
    { name: 'b-c/', isLink: false },
    { name: 'b/', isLink: false },
    { name: 'link/', isLink: true },
  ]);
  await expect(read(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('finds what came within one step of the clock of the file system', async () => {
  await fill(600);
  await utimes(folder, 1, 1);
  expect(await names()).toHaveLength(600);
  passedMs += STEP_MS - 1;
  await addWithin('new');
  expect(await names()).toContain('new/');
});

it('reads a large folder once while it stays as it is, and again after each change', async () => {
  await fill(600);
  await utimes(folder, 1, 1);
  await names();
  passedMs += STEP_MS;
  await names();
  // That it is not there shows that the folder was not read again.
  await addWithin('unseen');
  expect(await names()).toHaveLength(600);
  await mkdir(join(folder, 'seen'));
  expect(await names()).toHaveLength(602);
});

it('reads a small folder each time', async () => {
  await fill(3);
  await utimes(folder, 1, 1);
  for (let step = 0; step < 2; step++) {
    await names();
    passedMs += STEP_MS;
  }
  await addWithin('new');
  expect(await names()).toContain('new/');
});
