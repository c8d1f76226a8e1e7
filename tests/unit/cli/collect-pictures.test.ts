import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { collectPictures, describeSkipped } from '../../../cli/dataset/collect-pictures.ts';

const root = mkdtempSync(path.join(tmpdir(), 'fovea-collect-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with these files, each with its own path as content. */
function folderOf(...files: readonly string[]): string {
  const folder = mkdtempSync(path.join(root, 'folder-'));
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), file);
  }
  return folder;
}

async function collect(folder: string) {
  const { pictures, heldOut, skipped } = await collectPictures(folder);
  const contents = await Promise.all(pictures.map(async (file) => String(await file.read())));
  return {
    paths: pictures.map((file) => file.path).sort(),
    sources: Object.fromEntries(pictures.map((file, i) => [file.path, contents[i]])),
    heldOut: { name: heldOut.name, label: heldOut.label, content: String(await heldOut.read()) },
    skipped,
  };
}

describe('collectPictures', () => {
  it('holds out a picture of the largest class', async () => {
    const folder = folderOf('cat/1.png', 'cat/2.png', 'dog/1.png', 'readme.txt', 'cat/.hidden.png');
    const { paths, heldOut } = await collect(folder);
    expect(paths).toEqual(['cat/1.png', 'dog/1.png']);
    expect(heldOut).toEqual({ name: '2.png', label: 'cat', content: 'cat/2.png' });
  });

  it('gives pictures of subfolders to the class that contains them', async () => {
    const { sources, heldOut } = await collect(
      folderOf('cat/a/1.png', 'cat/a/b/1.png', 'cat/c/1.png', 'dog/1.png', 'dog/2.png'),
    );
    expect(heldOut).toEqual({ name: '1.png', label: 'cat', content: 'cat/a/b/1.png' });
    expect(sources).toEqual({
      'cat/a-1.png': 'cat/a/1.png',
      'cat/c-1.png': 'cat/c/1.png',
      'dog/1.png': 'dog/1.png',
      'dog/2.png': 'dog/2.png',
    });
  });

  it('gives pictures of subfolders to the class below a split, and holds out a picture of the test split', async () => {
    const { paths, heldOut } = await collect(
      folderOf('train/cat/a/1.png', 'train/dog/1.png', 'Test/cat/a/b/1.png', 'train/notes.txt'),
    );
    expect(heldOut.label).toBe('cat');
    expect(paths).toEqual(['Test/cat/a-b-1.png', 'train/cat/a-1.png', 'train/dog/1.png']);
  });

  it('holds out a picture of the training split where there is no test split', async () => {
    const folder = folderOf(
      'train/cat/1.png',
      'train/cat/2.png',
      'val/dog/1.png',
      'val/dog/2.png',
      'val/dog/3.png',
    );
    expect((await collect(folder)).heldOut.content).toBe('train/cat/2.png');
  });

  it('takes folders named after splits as classes where other folders are beside them', async () => {
    const { paths, heldOut } = await collect(
      folderOf('test/1.png', 'train/1.png', 'train/a/2.png', 'bus/1.png'),
    );
    expect(paths).toEqual(['bus/1.png', 'test/1.png', 'train/1.png']);
    expect(heldOut.label).toBe('train');
  });

  it('reads the dataset in a folder that contains nothing else', async () => {
    const { paths } = await collect(
      folderOf(
        'pets/x_train/cat/1.png',
        'pets/x_train/dog/a/1.png',
        'pets/x_test/cat/1.png',
        'pets/notes.txt',
      ),
    );
    expect(paths).toEqual(['x_test/cat/1.png', 'x_train/cat/1.png', 'x_train/dog/a-1.png']);
  });

  it('rejects folders that can be read in two ways', async () => {
    const folds = folderOf('fold0/cat/1.png', 'fold0/dog/1.png', 'fold1/cat/1.png', 'fold1/dog/1.png');
    await expect(collectPictures(folds)).rejects.toThrow(
      /can be read in two ways.*"fold0".*Either "cat", "dog" are/,
    );
  });

  it('keeps the names of flattened files unique and short enough', async () => {
    const deep = Array.from({ length: 30 }, () => 'y'.repeat(20)).join('/');
    const folder = folderOf(
      'cat/a-b/1.png',
      'cat/a/b/1.png',
      'cat/a-b-1.png',
      `cat/${deep}/1.png`,
      'dog/1.png',
    );
    // The largest class, so that the picture held out is one of these.
    for (const name of ['2', '3', '4', '5', '6', '7'])
      writeFileSync(path.join(folder, `dog/${name}.png`), name);
    const { paths, sources } = await collect(folder);
    const cats = paths.filter((file) => file.startsWith('cat/'));
    expect(new Set(cats).size).toBe(4);
    expect(sources['cat/a-b-1.png']).toBe('cat/a-b-1.png');
    for (const file of cats) expect(file).toMatch(/^cat\/(a-b-1|[0-9a-f]{8})\.png$/);
  });

  it('skips files that are empty or too large, and names them', async () => {
    const folder = folderOf('cat/1.png', 'cat/2.png', 'cat/8.png', 'cat/9.png', 'dog/1.png');
    truncateSync(path.join(folder, 'cat/8.png'), 20_000_001);
    truncateSync(path.join(folder, 'cat/9.png'), 0);
    const { paths, heldOut, skipped } = await collect(folder);
    expect(paths).toEqual(['cat/1.png', 'dog/1.png']);
    expect(heldOut.name).toBe('2.png');
    expect(describeSkipped(skipped)).toBe(
      'Skipped 2 files: "cat/8.png" (larger than 20 MB), "cat/9.png" (empty).',
    );
  });

  it('follows links to pictures and to folders', async () => {
    const elsewhere = folderOf('dogs/1.png', 'dogs/2.png', 'one.png');
    const folder = folderOf('cat/1.png');
    symlinkSync(path.join(elsewhere, 'one.png'), path.join(folder, 'cat/linked.png'));
    symlinkSync(path.join(elsewhere, 'dogs'), path.join(folder, 'dog'));
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    const { sources, heldOut, skipped } = await collect(link);
    expect(sources).toEqual({
      'cat/1.png': 'cat/1.png',
      'dog/1.png': 'dogs/1.png',
      'dog/2.png': 'dogs/2.png',
    });
    expect(heldOut).toEqual({ name: 'linked.png', label: 'cat', content: 'one.png' });
    expect(skipped).toEqual([]);
  });

  it('follows circular links once, and names links that lead nowhere', async () => {
    const folder = folderOf('cat/1.png', 'cat/2.png', 'dog/1.png');
    symlinkSync(folder, path.join(folder, 'cat/up'));
    symlinkSync('self.png', path.join(folder, 'cat/self.png'));
    symlinkSync('/nowhere', path.join(folder, 'owl'));
    const { paths, skipped } = await collect(folder);
    expect(paths).toEqual(['cat/1.png', 'dog/1.png']);
    expect(skipped).toEqual([
      { path: 'cat/self.png', reason: 'cannot be followed, ELOOP' },
      { path: 'cat/up', reason: 'links to a folder that contains it' },
      { path: 'owl', reason: 'cannot be followed, ENOENT' },
    ]);
  });

  it('names files that are in no class', async () => {
    const folder = folderOf('train/cat/1.png', 'train/dog/1.png', 'val/cat/1.png', 'extras/1.png', 'a.png');
    const { paths, skipped } = await collect(folder);
    expect(paths).toEqual(['train/dog/1.png', 'val/cat/1.png']);
    expect(describeSkipped(skipped)).toBe(
      'Skipped 2 files: "a.png" (in no class), "extras/1.png" (in no class).',
    );
  });

  it('rejects a folder without a picture, and says what was skipped', async () => {
    const folder = folderOf('cat/1.png', 'cat/notes.txt');
    truncateSync(path.join(folder, 'cat/1.png'), 0);
    await expect(collectPictures(folder)).rejects.toThrow(/no picture in .*: "cat\/1\.png" \(empty\)\.$/);
    await expect(collectPictures(path.join(folder, 'missing'))).rejects.toThrow(/missing" is not a folder/);
  });
});

describe('describeSkipped', () => {
  it('names the first files and counts the rest', () => {
    const skipped = ['1', '2', '3', '4', '5', '6', '7'].map((name) => ({ path: name, reason: 'empty' }));
    expect(describeSkipped(skipped)).toMatch(
      /^Skipped 7 files: "1" \(empty\), .*"5" \(empty\) and 2 more\.$/,
    );
    expect(describeSkipped(skipped.slice(0, 1))).toBe('Skipped 1 file: "1" (empty).');
  });
});
