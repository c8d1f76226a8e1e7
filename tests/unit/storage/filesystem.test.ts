import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toStorageError } from '../../../core/storage/drivers/filesystem/file-errors.ts';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';

let outside = '';
let root = '';
let store: ObjectStore;
const keysOf = async (prefix = '') => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};

const foldersOf = async (prefix: string) => {
  const folders: string[] = [];
  for await (const folder of store.listFolders(prefix)) folders.push(folder);
  return folders;
};

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'fovea-files-'));
  root = join(outside, 'root');
  await mkdir(root);
  store = createFilesystemStore({ root });
});
afterEach(() => rm(outside, { recursive: true, force: true }));

test('keeps objects as plain files, and takes files that are copied into place', async () => {
  await store.put('datasets/a/x y/1.jpg', 'one');
  expect(await readFile(join(root, 'datasets/a/x y/1.jpg'), 'utf8')).toBe('one');
  await mkdir(join(root, 'datasets/b/née'), { recursive: true });
  await writeFile(join(root, 'datasets/b/née/.DS_Store'), 'two');
  expect(await keysOf()).toEqual(['datasets/a/x y/1.jpg', 'datasets/b/née/.DS_Store']);
  const object = await store.get('datasets/b/née/.DS_Store');
  expect(object?.body.length).toBe(3);
  await store.put('datasets/b/née/.DS_Store', 'three', { ifMatch: object?.etag ?? '' });
  expect(await readFile(join(root, 'datasets/b/née/.DS_Store'), 'utf8')).toBe('three');
});

test('sees a change by hand as a new version', async () => {
  const { etag } = await store.put('a', 'one');
  await writeFile(join(root, 'a'), 'two');
  await expect(store.put('a', 'three', { ifMatch: etag })).rejects.toMatchObject({
    code: 'precondition-failed',
  });
});

test('removes the folders that it empties, save the first level', async () => {
  await store.put('datasets/a/b/c', '');
  await store.delete('datasets/a/b/c');
  expect(existsSync(join(root, 'datasets/a'))).toBe(false);
  expect(existsSync(join(root, 'datasets'))).toBe(true);
});

test('lists no pipes, and does not hang on reading one', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')]);
  expect(await keysOf()).toEqual([]);
  expect(await store.get('pipe')).toBeUndefined();
});

test('follows links to files inside, lists other links and rejects reading them', async () => {
  await store.put('real/file', 'content');
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink(join(root, 'real/file'), join(root, 'inside'));
  await symlink(join(outside, 'secret'), join(root, 'leak'));
  await symlink(join(outside, 'nowhere'), join(root, 'dangling'));
  await symlink(outside, join(root, 'up'));
  await symlink('loop', join(root, 'loop'));
  expect((await store.get('inside'))?.body.length).toBe(7);
  expect(await keysOf()).toEqual(['dangling', 'inside', 'leak', 'loop', 'real/file', 'up']);
  for (const key of ['dangling', 'leak', 'loop', 'up', 'up/secret']) {
    await expect(store.get(key)).rejects.toMatchObject({ code: 'storage-link-refused', param: key });
  }
  await expect(store.put('up/new', 'x')).rejects.toMatchObject({ code: 'storage-link-refused' });
  await expect(store.put('up/secret', 'x')).rejects.toMatchObject({ code: 'storage-link-refused' });
  await expect(store.delete('up/secret')).rejects.toMatchObject({ code: 'storage-link-refused' });
  await store.put('leak', 'overwritten');
  await store.delete('dangling');
  await store.delete('up');
  expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(await keysOf()).toEqual(['inside', 'leak', 'loop', 'real/file']);
});

test('reads a dataset that is a link, and writes nothing there', async () => {
  const pictures = join(outside, 'pictures');
  await mkdir(join(pictures, 'cat'), { recursive: true });
  await writeFile(join(pictures, 'cat/1.jpg'), 'one');
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink('1.jpg', join(pictures, 'cat/again.jpg'));
  await symlink(join(outside, 'secret'), join(pictures, 'cat/secret.jpg'));
  await symlink(outside, join(pictures, 'up'));
  await mkdir(join(root, 'datasets'));
  await symlink(pictures, join(root, 'datasets/pets'));
  const listed = ['cat/1.jpg', 'cat/again.jpg', 'cat/secret.jpg', 'up'].map(
    (file) => `datasets/pets/${file}`,
  );

  for (const prefix of ['', 'datasets/', 'datasets/pets/']) expect(await keysOf(prefix)).toEqual(listed);
  expect(await foldersOf('datasets/')).toEqual(['pets']);
  expect(await foldersOf('datasets/pets/')).toEqual(['cat']);
  for (const key of listed.slice(0, 2)) expect((await store.get(key))?.body.length).toBe(3);
  expect(await store.head('datasets/pets')).toBeUndefined();
  expect(await store.get('datasets/pets/cat/none.jpg')).toBeUndefined();
  expect(await keysOf('datasets/pets/up/')).toEqual([]);
  for (const key of [...listed.slice(2), 'datasets/pets/up/secret'])
    await expect(store.get(key)).rejects.toMatchObject({ code: 'storage-link-refused', param: key });

  for (const key of ['datasets/pets/cat/1.jpg', 'datasets/pets/cat/new.jpg', 'datasets/pets/dog/1.jpg']) {
    const refused = {
      code: 'storage-link-refused',
      param: key,
      message: expect.stringContaining('does not write'),
    };
    await expect(store.put(key, 'x')).rejects.toMatchObject(refused);
    await expect(store.put(key, 'x', { ifNoneMatch: '*' })).rejects.toMatchObject(refused);
    await expect(store.delete(key)).rejects.toMatchObject(refused);
  }
  expect((await readdir(pictures)).sort()).toEqual(['cat', 'up']);
  expect((await readdir(join(pictures, 'cat'))).sort()).toEqual(['1.jpg', 'again.jpg', 'secret.jpg']);
  expect(await readFile(join(pictures, 'cat/1.jpg'), 'utf8')).toBe('one');
});

test('reads the folder of all datasets where that is a link', async () => {
  await mkdir(join(outside, 'all/pets/cat'), { recursive: true });
  await writeFile(join(outside, 'all/pets/cat/1.jpg'), 'one');
  await symlink(join(outside, 'all'), join(root, 'datasets'));
  expect(await keysOf('datasets/')).toEqual(['datasets/pets/cat/1.jpg']);
  expect((await store.get('datasets/pets/cat/1.jpg'))?.sizeBytes).toBe(3);
});

test('does not walk into a dataset that links to the store itself', async () => {
  await mkdir(join(root, 'datasets'));
  await symlink(outside, join(root, 'datasets/all'));
  await symlink(root, join(root, 'datasets/self'));
  expect(await keysOf()).toEqual(['datasets/all', 'datasets/self']);
});

test('makes nothing outside, behind links to folders of any name', async () => {
  await mkdir(join(outside, 'elsewhere'));
  await mkdir(join(root, 'models/m'), { recursive: true });
  await symlink(join(outside, 'elsewhere'), join(root, 'models/m/1'));
  await symlink(join(outside, 'elsewhere'), join(root, 'jobs'));
  for (const key of ['models/m/1/deep/manifest.json', 'models/m/1/manifest.json', 'jobs/a/job.json']) {
    await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'storage-link-refused' });
    await expect(store.put(key, 'x', { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'storage-link-refused',
    });
  }
  expect(await readdir(join(outside, 'elsewhere'))).toEqual([]);
});

test("makes nothing where the store's own folder is a link", async () => {
  await mkdir(join(outside, 'elsewhere'));
  await symlink(join(outside, 'elsewhere'), join(root, '.fovea-store'));
  await expect(store.put('a', 'x')).rejects.toMatchObject({ code: 'storage-link-refused' });
  expect(await readdir(join(outside, 'elsewhere'))).toEqual([]);
});

test('lists a name that is not UTF-8, and says so when it is read', async () => {
  await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from('.jpg')]), 'x');
  expect(await keysOf()).toEqual(['bad\uFFFD.jpg']);
  await expect(store.get('bad\uFFFD.jpg')).rejects.toMatchObject({ code: 'storage-name-not-utf8' });
});

test('lists a folder whose name is not UTF-8 as an object, with what is in it out of reach', async () => {
  const folder = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);
  await mkdir(folder);
  await writeFile(Buffer.concat([folder, Buffer.from('/1.jpg')]), 'x');
  await store.put('caf\uFFFD\uFFFD/1.jpg', 'a name with the sign itself in it');
  expect(await keysOf()).toEqual(['caf\uFFFD', 'caf\uFFFD\uFFFD/1.jpg']);
  await expect(store.get('caf\uFFFD')).rejects.toMatchObject({ code: 'storage-name-not-utf8' });
});

test('rejects a key that is the folder of another, either way', async () => {
  await store.put('a/b', '');
  for (const key of ['a', 'a/b/c', 'a/b/c/d']) {
    await expect(store.put(key, '')).rejects.toMatchObject({ code: 'key-conflict' });
    await expect(store.put(key, '', { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'key-conflict' });
    expect(await store.get(key)).toBeUndefined();
    await store.delete(key);
  }
  expect(await keysOf()).toEqual(['a/b']);
});

test('rejects a segment that is too long for the file system', async () => {
  await expect(store.put('x'.repeat(300), '')).rejects.toMatchObject({ code: 'key-too-long' });
  expect(await store.get('x'.repeat(300))).toBeUndefined();
  expect(await readdir(join(root, '.fovea-store/staging'))).toEqual([]);
});

test.each([
  ['ENOSPC', 'storage-full'],
  ['EDQUOT', 'storage-full'],
  ['EACCES', 'storage-denied'],
  ['EROFS', 'storage-read-only'],
  ['EPERM', 'storage-denied'],
  ['EXDEV', 'storage-unsupported'],
  ['EIO', 'storage-unavailable'],
])('calls %s %s', (errno, code) => {
  const error = Object.assign(new Error('failed'), { code: errno });
  expect(toStorageError(error, 'write', 'some/key')).toMatchObject({ code, param: 'some/key', cause: error });
});

const isRoot = process.getuid?.() === 0;
if (isRoot) console.warn('A folder without rights is not tried: the superuser may write everywhere.');
test.skipIf(isRoot)('rejects writing where there is no right to', async () => {
  await chmod(root, 0o500);
  await expect(store.put('a', '')).rejects.toMatchObject({ code: 'storage-denied' });
  await chmod(root, 0o700);
});

test('rejects a full disk', async () => {
  if (!existsSync('/dev/full')) return console.warn('A full disk is not tried: there is no /dev/full.');
  const { open } = await import('node:fs/promises');
  const full = await open('/dev/full', 'w');
  const error: unknown = await full.writeFile('x').catch((cause: unknown) => cause);
  await full.close();
  expect(toStorageError(error, 'write', 'a')).toMatchObject({ code: 'storage-full' });
});

test('removes what a dead process left a day ago, and nothing younger', async () => {
  await store.put('a', '1');
  const own = join(root, '.fovea-store');
  for (const [name, ageMs] of Object.entries({ old: 25 * 3_600_000, young: 60_000 })) {
    const at = new Date(Date.now() - ageMs);
    await writeFile(join(own, 'staging', name), '');
    await mkdir(join(own, 'claims', name, 'deletion'), { recursive: true });
    await writeFile(join(own, 'claims', name, 'deletion/gone'), '');
    await utimes(join(own, 'staging', name), at, at);
    await utimes(join(own, 'claims', name), at, at);
  }
  await createFilesystemStore({ root }).put('b', '2');
  expect(await readdir(join(own, 'staging'))).toEqual(['young']);
  expect(await readdir(join(own, 'claims'))).toEqual(['young']);
});

test.each([
  ['a store that starts', () => createFilesystemStore({ root }).put('b', '2')],
  ['erasing what is gone', () => store.erase('pets/cat/1.png')],
  ['erasing all of a prefix', () => store.eraseAll('pets/')],
])('deleted contents of a deleter that was killed are removed by %s', async (_, remove) => {
  await store.put('a', '1');
  const claims = join(root, '.fovea-store/claims');
  await mkdir(join(claims, 'slot/deletion'), { recursive: true });
  await writeFile(join(claims, 'slot/deletion/gone'), 'a picture');
  await mkdir(join(claims, 'other'));
  await writeFile(join(claims, 'other/writer'), 'claimed');
  await remove();
  const left = await readdir(claims, { recursive: true });
  expect(left.filter((name) => !name.startsWith('slot')).sort()).toEqual(['other', 'other/writer']);
  expect(left).not.toContain('slot/deletion/gone');
});
