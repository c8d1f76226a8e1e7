// Folders as people have them on disk: with links, and with names of another encoding.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTrainingShares } from '../../../core/dataset/check-classes.ts';
import type { Picture } from '../../../core/dataset/drop-duplicates.ts';
import { FindingList } from '../../../core/dataset/findings.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import type { Split } from '../../../core/dataset/split-folder.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { makePicture, makePictures } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };

describe('a dataset on disk', () => {
  let root: string;
  let elsewhere: string;
  const dataset = () => path.join(root, 'datasets', 'pets');

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'fovea-unusual-'));
    elsewhere = await mkdtemp(path.join(os.tmpdir(), 'fovea-elsewhere-'));
    for (const [file, bytes] of Object.entries(await makePictures({ cat: 12, dog: 12 }))) {
      await mkdir(path.dirname(path.join(dataset(), file)), { recursive: true });
      await writeFile(path.join(dataset(), file), bytes);
    }
  });
  afterEach(async () => {
    for (const folder of [root, elsewhere]) await rm(folder, { recursive: true, force: true });
  });

  it('is inspected whole where single files cannot be read', async () => {
    await writeFile(path.join(elsewhere, '1.png'), await makePicture(700));
    await symlink(path.join(elsewhere, '1.png'), path.join(dataset(), 'cat', 'link.png'));
    await symlink(elsewhere, path.join(dataset(), 'bird'));
    const latin1 = (text: string) => Buffer.concat([Buffer.from(`${dataset()}/${text}`), Buffer.of(0xe9)]);
    await mkdir(latin1('caf'));
    await writeFile(Buffer.concat([latin1('caf'), Buffer.from('/1.png')]), await makePicture(701));
    await writeFile(latin1('cat/caf'), await makePicture(702));

    const store = await openObjectStore(pathToFileURL(root).href);
    const { items, findings, classes } = await inspectDataset(store, 'pets', { split: SPLIT });
    expect([classes, items.length]).toEqual([['cat', 'dog'], 24]);
    const found = findings.map(({ code, key, message }) => [
      code,
      key?.replace('datasets/pets/', ''),
      message,
    ]);
    expect(found).toEqual([
      ['file-outside-class', 'bird', expect.stringContaining('a link to a folder, which is not followed')],
      ['file-unreadable', 'caf\uFFFD', expect.stringContaining('not UTF-8')],
      ['file-unreadable', 'cat/caf\uFFFD', expect.stringContaining('UTF-8')],
      ['file-unreadable', 'cat/link.png', expect.stringContaining('symbolic link')],
    ]);
  });
});

describe('checkTrainingShares', () => {
  const check = (splits: readonly Split[], folder: Picture['split'] = null) => {
    const findings = new FindingList();
    const pictures = splits.map(
      (_, index) => ({ label: 'cat', key: `cat/${index}`, split: folder }) as Picture,
    );
    checkTrainingShares('datasets/pets/', pictures, splits, SPLIT, findings);
    return findings.sorted();
  };
  const splits = (train: number, test: number): Split[] => [
    ...new Array<Split>(train).fill('train'),
    ...new Array<Split>(test).fill('test'),
  ];

  it('tells of a class of which a group of look-alikes took the pictures away from training', () => {
    expect(check(splits(2, 40))).toMatchObject([
      { code: 'class-few-pictures', key: 'datasets/pets/cat/', message: expect.stringContaining('2 of 42') },
    ]);
  });

  it('is silent where training has half of its share, where pictures are few, and where folders decide', () => {
    expect(check(splits(16, 24))).toEqual([]);
    expect(check(splits(2, 7))).toEqual([]);
    expect(check(splits(0, 40), 'test')).toEqual([]);
  });
});
