// What lists of datasets know of each, and how the answer for one dataset holds many alike findings.

import { expect, it } from 'vitest';
import { keys } from '../../../core/storage/keys.ts';
import { colorPicture } from '../../support/color-model.ts';
import { makeBmp } from '../../support/make-bmp.ts';
import { createTestApp } from '../../support/test-app.ts';

it('a list has the numbers of the last inspection of each dataset, and null before there was one', async () => {
  const test = createTestApp();
  const picture = await colorPicture('red');
  await test.store.put('datasets/colors/red/1.png', picture);
  await test.store.put('datasets/colors/red/note.txt', 'note');
  await test.store.put('datasets/other/red/1.png', picture);
  const list = async () => (await test.send('GET', '/v1/datasets')).body.data;
  expect(await list()).toEqual([
    { object: 'dataset', dataset: 'colors', inspection: null },
    { object: 'dataset', dataset: 'other', inspection: null },
  ]);
  await test.send('GET', '/v1/datasets/colors');
  const [colors, other] = await list();
  expect(colors.inspection).toMatchObject({
    files: 2,
    size_bytes: picture.length + 4,
    pictures: 1,
    classes: 1,
    can_train: false,
    finding_counts: { 'file-unsupported': 1, 'single-class': 1 },
  });
  expect(other.inspection).toBeNull();
  // What cannot be read is as what is not there, until the next inspection.
  await test.store.put(keys.datasetSummary('colors'), '{');
  expect((await list())[0].inspection).toBeNull();
  await test.send('GET', '/v1/datasets/colors');
  expect((await list())[0].inspection).toEqual(colors.inspection);
  await test.send('DELETE', '/v1/datasets/colors');
  expect(await test.store.head(keys.datasetSummary('colors'))).toBeUndefined();
});

it('1,100 small classes are one group of findings with ten examples, whose files are had by page', async () => {
  const test = createTestApp();
  for (let i = 0; i < 1100; i++) {
    const picture = makeBmp({ width: 1, height: 1, bitsPerPixel: 24, rows: [[i % 256, i >> 8, 0]] });
    await test.store.put(`datasets/many/class-${String(i).padStart(4, '0')}/1.bmp`, picture);
  }
  const { body } = await test.send('GET', '/v1/datasets/many?decode=header');
  expect(body.finding_counts['class-too-small']).toBe(1100);
  const groups = body.finding_groups.filter(({ code }: { code: string }) => code === 'class-too-small');
  expect(groups).toMatchObject([{ count: 1100, severity: 'error' }]);
  expect(groups[0].keys).toHaveLength(10);
  expect(body.findings.length).toBeLessThanOrEqual(10 * body.finding_groups.length);
  expect(body.findings.filter(({ code }: { code: string }) => code === 'class-too-small')).toHaveLength(10);
  const files = await test.send('GET', '/v1/datasets/many/files?finding=class-too-small&limit=500');
  expect([files.body.data.length, files.body.has_more]).toEqual([500, true]);
  expect((await test.send('GET', '/v1/datasets/many/files?finding=file-empty')).body.data).toEqual([]);
});
