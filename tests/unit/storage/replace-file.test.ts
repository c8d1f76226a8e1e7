// The steps at which a writer can die or be overtaken, set up one by one.

import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { versionAt } from '../../../core/storage/drivers/filesystem/file-version.ts';
import { removeFile, replaceFile } from '../../../core/storage/drivers/filesystem/replace-file.ts';

let folder = '';
let path = '';
const slotOf = (version: string) => join(folder, 'claims', version.replaceAll('"', ''));
const content = () => readFile(path, 'utf8');
const stage = async (name: string) => {
  const staged = join(folder, name);
  await writeFile(staged, name);
  return staged;
};
const current = async () => (await versionAt(path)) ?? 'none';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-replace-'));
  path = join(folder, 'object');
  await mkdir(join(folder, 'claims'));
  await writeFile(path, 'old');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('replaces the version that is there, and leaves no claim', async () => {
  expect(await replaceFile(await stage('new'), path, await current(), slotOf)).toBe(true);
  expect(await content()).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['claims', 'object']);
  expect(await readdir(join(folder, 'claims'))).toEqual([]);
});

test('gives the staged file back where the version is gone', async () => {
  const version = await current();
  await writeFile(path, 'changed');
  const staged = await stage('new');
  expect(await replaceFile(staged, path, version, slotOf)).toBe(false);
  expect(await content()).toBe('changed');
  expect(await readFile(staged, 'utf8')).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['claims', 'new', 'object']);
});

test('commits the claim of a writer that died before its last step, and loses to it', async () => {
  const version = await current();
  await mkdir(slotOf(version));
  await rename(await stage('of-the-dead'), join(slotOf(version), 'of-the-dead'));
  expect(await replaceFile(await stage('new'), path, version, slotOf)).toBe(false);
  expect(await content()).toBe('of-the-dead');
  expect(await replaceFile(join(folder, 'new'), path, await current(), slotOf)).toBe(true);
  expect(await content()).toBe('new');
});

test('leaves a claim alone that came after its version had gone', async () => {
  const version = await current();
  await mkdir(slotOf(version));
  await rename(await stage('too-late'), join(slotOf(version), 'too-late'));
  await writeFile(path, 'changed');
  expect(await replaceFile(await stage('new'), path, version, slotOf)).toBe(false);
  expect(await content()).toBe('changed');
  expect(await replaceFile(join(folder, 'new'), path, await current(), slotOf)).toBe(true);
  expect(await content()).toBe('new');
});

test('revokes the claim of a deleter that died before its last step', async () => {
  const version = await current();
  await mkdir(join(slotOf(version), 'deletion'), { recursive: true });
  expect(await replaceFile(await stage('new'), path, version, slotOf)).toBe(true);
  expect(await content()).toBe('new');
});

test('deletes over the claims of the dead, of writers and of deleters', async () => {
  const version = await current();
  await mkdir(slotOf(version));
  await rename(await stage('of-the-dead'), join(slotOf(version), 'of-the-dead'));
  await removeFile(join(folder, 'removal'), path, slotOf);
  expect(await versionAt(path)).toBeUndefined();

  await writeFile(path, 'again');
  await mkdir(join(slotOf(await current()), 'deletion'), { recursive: true });
  await removeFile(join(folder, 'removal'), path, slotOf);
  expect(await versionAt(path)).toBeUndefined();
  expect(await readdir(folder)).toEqual(['claims']);
});
