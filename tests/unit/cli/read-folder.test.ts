// Folders of pictures as people have them: each is read as a dataset, or the error says what was seen and what to do.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDatasetFolder } from '../../../cli/dataset/read-folder.ts';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'fovea-folders-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Makes a folder of files with their texts; pictures may have any. */
async function folderOf(files: Readonly<Record<string, string>> | readonly string[]): Promise<string> {
  const folder = path.join(root, `folder-${++folders}`);
  const entries = Array.isArray(files) ? files.map((file) => [file, 'x']) : Object.entries(files);
  for (const [file = '', text = ''] of entries as [string, string][]) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return folder;
}

const pathsOf = async (files: Readonly<Record<string, string>> | readonly string[]) => {
  const { files: found, seen } = await readDatasetFolder(await folderOf(files));
  return { seen, paths: found.map((file) => file.path).sort() };
};

const refusal = async (files: Readonly<Record<string, string>> | readonly string[]): Promise<string> => {
  const folder = await folderOf(files);
  return readDatasetFolder(folder).then(
    ({ seen }) => `It was read: ${seen}`,
    (error: Error) => error.message,
  );
};

describe('class folders', () => {
  it('are read as they are, also within splits, and below a folder around all', async () => {
    expect(await pathsOf(['cat/1.jpg', 'dog/2.jpg', 'notes.txt'])).toEqual({
      seen: 'class folders',
      paths: ['cat/1.jpg', 'dog/2.jpg'],
    });
    expect(await pathsOf(['set/train/cat/1.jpg', 'set/train/dog/2.jpg', 'set/val/cat/3.jpg'])).toEqual({
      seen: 'class folders in train, validation',
      paths: ['train/cat/1.jpg', 'train/dog/2.jpg', 'val/cat/3.jpg'],
    });
  });

  it('give folders in a class as part of the name', async () => {
    expect((await pathsOf(['cat/a/1.jpg', 'cat/b/1.jpg', 'dog/1.jpg'])).paths).toEqual([
      'cat/a-1.jpg',
      'cat/b-1.jpg',
      'dog/1.jpg',
    ]);
  });

  it('count before a table that says something else', async () => {
    const files = { 'cat/1.jpg': 'x', 'dog/2.jpg': 'x', 'labels.csv': 'file,label\n1.jpg,dog\n2.jpg,cat\n' };
    expect((await pathsOf(files)).paths).toEqual(['cat/1.jpg', 'dog/2.jpg']);
  });
});

describe('tables of labels', () => {
  it.each([
    ['a CSV with a head', 'labels.csv', 'file,label\na.jpg,cat\n"b.jpg","big dog"\n'],
    ['other names of columns, and semicolons', 'train.csv', 'id;x;class_name\na;1;cat\nb;2;big dog\n'],
    ['no head', 'labels.csv', 'a.jpg,cat\nb.jpg,big dog\n'],
    [
      'tabs, a byte order mark, and paths of another folder',
      'l.tsv',
      '\ufeffimage_path\tlabel\nold/a.jpg\tcat\nold\\b.jpg\tbig dog\n',
    ],
    [
      "Hugging Face's metadata",
      'metadata.jsonl',
      '{"file_name":"a.jpg","label":"cat"}\n{"file_name":"b.jpg","label":"big dog"}\n',
    ],
    ['a column for each class', '_classes.csv', 'filename, cat, big dog\na.jpg,1,0\nb.jpg,0,1\n'],
    [
      "COCO's format",
      '_annotations.coco.json',
      JSON.stringify({
        images: [
          { id: 1, file_name: 'a.jpg' },
          { id: 2, file_name: 'b.jpg' },
        ],
        annotations: [
          { image_id: 1, category_id: 5 },
          { image_id: 2, category_id: 6 },
          { image_id: 2, category_id: 6 },
        ],
        categories: [
          { id: 5, name: 'cat' },
          { id: 6, name: 'big dog' },
        ],
      }),
    ],
  ])('%s', async (_, file, text) => {
    const split = file === 'train.csv' ? 'train/' : '';
    const { paths, seen } = await pathsOf({ 'a.jpg': 'x', 'b.jpg': 'x', [file]: text });
    expect(paths).toEqual([`${split}big dog/b.jpg`, `${split}cat/a.jpg`]);
    expect(seen).toContain(file);
  });

  it('have splits by a column, or by their folders', async () => {
    const table = 'file_name,label,split\na.jpg,cat,train\nb.jpg,dog,val\n';
    expect(
      (await pathsOf({ 'images/a.jpg': 'x', 'images/b.jpg': 'x', 'metadata.csv': table })).paths,
    ).toEqual(['train/cat/a.jpg', 'validation/dog/b.jpg']);
    const one = (label: string) => `filename,cat,dog\n1.jpg,${label === 'cat' ? '1,0' : '0,1'}\n2.jpg,0,1\n`;
    const files = {
      'train/1.jpg': 'x',
      'train/2.jpg': 'x',
      'train/_classes.csv': one('cat'),
      'valid/1.jpg': 'x',
      'valid/2.jpg': 'x',
      'valid/_classes.csv': one('dog'),
    };
    expect((await pathsOf(files)).paths).toEqual([
      'train/cat/1.jpg',
      'train/dog/2.jpg',
      'validation/dog/1.jpg',
      'validation/dog/2.jpg',
    ]);
  });

  it('that give a picture several classes, or a class no folder could have, are refused', async () => {
    const pictures = { 'a.jpg': 'x', 'b.jpg': 'x' };
    expect(await refusal({ ...pictures, 'l.csv': 'file,label\na.jpg,cat\na.jpg,dog\n' })).toMatch(
      /"a\.jpg" the classes "cat" and "dog"/,
    );
    expect(await refusal({ ...pictures, '_classes.csv': 'filename,cat,dog\na.jpg,1,1\n' })).toMatch(
      /several classes: cat, dog/,
    );
    expect(await refusal({ ...pictures, 'l.csv': 'file,label\na.jpg,cat/dog\nb.jpg,dog\n' })).toMatch(
      /cannot be the name of a folder/,
    );
    const coco = {
      images: [{ id: 1, file_name: 'a.jpg' }],
      annotations: [
        { image_id: 1, category_id: 5 },
        { image_id: 1, category_id: 6 },
      ],
      categories: [
        { id: 5, name: 'cat' },
        { id: 6, name: 'dog' },
      ],
    };
    expect(await refusal({ ...pictures, 'x.json': JSON.stringify(coco) })).toMatch(
      /annotations of an object detector/,
    );
  });
});

describe('labels in names', () => {
  it('are what comes before the number', async () => {
    const { paths, seen } = await pathsOf([
      'cat_001.jpg',
      'cat_002.jpg',
      'big_dog (1).jpg',
      'big_dog (2).jpg',
    ]);
    expect(paths).toEqual([
      'big_dog/big_dog (1).jpg',
      'big_dog/big_dog (2).jpg',
      'cat/cat_001.jpg',
      'cat/cat_002.jpg',
    ]);
    expect(seen).toMatch(/^labels in the names of files/);
    expect(
      (await pathsOf(['train/cat.1.jpg', 'train/cat.2.jpg', 'train/dog.1.jpg', 'test/dog.2.jpg'])).paths,
    ).toEqual(['test/dog/dog.2.jpg', 'train/cat/cat.1.jpg', 'train/cat/cat.2.jpg', 'train/dog/dog.1.jpg']);
  });

  it('of cameras are none', async () => {
    const message = await refusal(['IMG_0001.jpg', 'IMG_0002.jpg', 'DSC_1.jpg', 'DSC_2.jpg']);
    expect(message).toMatch(
      /does not say the classes.*nothing says which class.*Make one folder for each class.*labels\.csv/,
    );
  });
});

it('says what else it saw', async () => {
  expect(await refusal(['data.zip'])).toMatch(/It has archives \(data\.zip\): unpack them first/);
  expect(await refusal(['train-00000.parquet'])).toMatch(/packed data/);
  expect(await refusal(['images/1.jpg', 'images/2.jpg', 'labels/1.txt', 'labels/2.txt'])).toMatch(
    /boxes of an object detector/,
  );
  await expect(readDatasetFolder(path.join(root, 'nowhere'))).rejects.toThrow('is not a folder');
});

describe('a table beside folders', () => {
  const parts = {
    'part1/1.jpg': 'x',
    'part1/2.jpg': 'x',
    'part2/3.jpg': 'x',
    'part2/4.jpg': 'x',
    'labels.csv': 'file,label\n1.jpg,cat\n2.jpg,dog\npart2/3.jpg,cat\n4.jpg,dog\n',
  };

  it('that says other classes is not ignored: the user chooses', async () => {
    expect(await refusal(parts)).toContain(
      'can be read in two ways. labels.csv and the folders say other classes: "part1/2.jpg" lies in "part1", and the table says "dog". ' +
        'Choose: --labels labels.csv or --labels folders.',
    );
    const folder = await folderOf(parts);
    expect((await readDatasetFolder(folder, { labels: 'labels.csv' })).classes).toEqual(['cat', 'dog']);
    expect((await readDatasetFolder(folder, { labels: './labels.csv' })).classes).toEqual(['cat', 'dog']);
    expect((await readDatasetFolder(folder, { labels: 'folders' })).classes).toEqual(['part1', 'part2']);
    await expect(readDatasetFolder(folder, { labels: 'other.csv' })).rejects.toThrow('is no table');
  });

  it.each([
    ['agrees', 'file,label\n1.jpg,0\n2.jpg,0\n3.jpg,1\n4.jpg,1\n'],
    ['names few', 'file,label\n1.jpg,dog\n'],
  ])('that %s is not used, and this is said', async (_, table) => {
    const { classes, notes } = await readDatasetFolder(await folderOf({ ...parts, 'labels.csv': table }));
    expect(classes).toEqual(['part1', 'part2']);
    expect(notes).toEqual(['labels.csv is not used: the folders say the classes.']);
  });
});

it('says which files of a table are not there, and not those that are there twice or empty', async () => {
  const table = 'file,label\n1.jpg,cat\n2.jpg,dog\n3.jpg,cat\n4.jpg,dog\nempty.jpg,dog\n';
  const { missing, notes } = await readDatasetFolder(
    await folderOf({ '1.jpg': 'x', '2.jpg': 'x', 'empty.jpg': '', 'labels.csv': table }),
  );
  expect(missing).toEqual(['3.jpg', '4.jpg']);
  expect(notes).toEqual(['labels.csv names 2 files that are not here: 3.jpg, 4.jpg.']);
});

it('refuses classes whose names look the same, and one class alone', async () => {
  const [nfc, nfd] = ['b\u00e4r', 'ba\u0308r'];
  expect(await refusal([`${nfc}/1.jpg`, `${nfd}/2.jpg`])).toContain(
    'differ only in case or in how their letters are encoded',
  );
  expect(await refusal(['Cat/1.jpg', 'cat/2.jpg', 'dog/3.jpg'])).toContain(
    '"Cat" and "cat" differ only in case',
  );
  expect(
    await refusal({ '1.jpg': 'x', '2.jpg': 'x', 'labels.csv': 'file,label\n1.jpg,cat\n2.jpg,cat\n' }),
  ).toContain('says one class for every picture: "cat"');
});

describe('what Excel on Windows writes', () => {
  const table = 'file\tlabel\n1.jpg\tPfirsich\n2.jpg\tMöhre\n';
  async function readWith(bytes: Uint8Array) {
    const folder = await folderOf(['1.jpg', '2.jpg']);
    await writeFile(path.join(folder, 'labels.csv'), bytes);
    return readDatasetFolder(folder);
  }

  it('is read as UTF-16 and UTF-8 with a mark', async () => {
    const utf16 = Buffer.from(`\uFEFF${table}`, 'utf16le');
    expect((await readWith(utf16)).classes).toEqual(['Möhre', 'Pfirsich']);
    expect((await readWith(Buffer.from(utf16).swap16())).classes).toEqual(['Möhre', 'Pfirsich']);
    expect((await readWith(Buffer.from(`\uFEFF${table}`))).classes).toEqual(['Möhre', 'Pfirsich']);
  });

  it('is read as UTF-16 without a mark', async () => {
    const utf16 = Buffer.from(table, 'utf16le');
    expect((await readWith(utf16)).classes).toEqual(['Möhre', 'Pfirsich']);
    expect((await readWith(Buffer.from(utf16).swap16())).classes).toEqual(['Möhre', 'Pfirsich']);
  });

  it('is refused in an encoding that nothing names, with what to do', async () => {
    await expect(readWith(Buffer.from(table.replaceAll('\t', ';'), 'latin1'))).rejects.toThrow(
      /labels\.csv is not UTF-8.*Save it as "CSV UTF-8"/,
    );
  });

  it('may have a German head', async () => {
    const german = Buffer.from('Datei;Klasse\n1.jpg;Birne\n2.jpg;Apfel\n');
    expect((await readWith(german)).missing).toEqual([]);
  });
});

it('says that there is one class alone, and what is passed over', async () => {
  expect(await refusal(['apple/1.jpg', 'apple/2.jpg'])).toMatch(
    /has one class alone, "apple", with 2 pictures\. A classifier needs at least 2/,
  );
  expect(await refusal(['1.jpg'])).toContain('There is 1 picture (1.jpg)');
  const { notes } = await readDatasetFolder(await folderOf(['a/1.jpg', 'b/2.jpg', 'b/3.mp4', 'Thumbs.db']));
  expect(notes).toEqual(['Passed over 1 other file: b/3.mp4.']);
  const bare = await folderOf([]);
  await mkdir(path.join(bare, 'apple'), { recursive: true });
  await expect(readDatasetFolder(bare)).rejects.toThrow('Its folders have no files.');
});
