// Findings that somebody found right as they are: what the API says of them, and what becomes of the record.

import { beforeEach, expect, it } from 'vitest';
import { keepFindings, MOST_KEPT } from '../../../core/dataset/kept-findings.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { makePattern, makePictures, storeOf } from '../../support/make-dataset.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const KEPT = '/v1/datasets/pets/kept_findings';
let store: ObjectStore;
let test: TestApp;
let copied: Uint8Array;

beforeEach(async () => {
  copied = await makePattern(77);
  store = await storeOf({
    ...(await makePictures({ cat: 12, dog: 12 })),
    'cat/copy-a.png': copied,
    'cat/copy-b.png': copied,
    'cat/notes.txt': 'no picture',
  });
  test = createTestApp({ store });
});

const inspect = async (dataset = 'pets') => (await test.send('GET', `/v1/datasets/${dataset}`)).body;
const withCode = (list: AnyJson[], code: string) => list.filter((one) => one.code === code);
const idOf = async (code: string): Promise<string> => withCode((await inspect()).findings, code)[0].id;
const keep = (ids: readonly string[], more = {}) => test.send('POST', KEPT, { ids, ...more });

it('keeps a finding, says so, and leaves it out of the count until it is asked again', async () => {
  const id = await idOf('duplicate-content');
  expect(id).toMatch(/^duplicate-content:[0-9a-f]{16}$/);
  expect((await keep([id])).body).toEqual({ object: 'dataset.kept_findings', dataset: 'pets', ids: [id] });
  expect((await keep([id])).body.ids).toEqual([id]);
  const found = await inspect();
  expect(withCode(found.findings, 'duplicate-content')).toEqual([
    expect.objectContaining({ id, kept: true }),
  ]);
  expect(withCode(found.finding_groups, 'duplicate-content')).toEqual([
    expect.objectContaining({ count: 0, kept: 1 }),
  ]);
  expect(withCode(found.finding_groups, 'file-unsupported')).toEqual([
    expect.objectContaining({ count: 1, kept: 0 }),
  ]);
  expect(found.finding_counts['duplicate-content']).toBe(1);
  expect((await test.send('GET', KEPT)).body.ids).toEqual([id]);
  expect((await keep([id], { keep: false })).body.ids).toEqual([]);
  expect(withCode((await inspect()).finding_groups, 'duplicate-content')[0].count).toBe(1);
});

it('goes by content: a move changes nothing, other bytes are another finding', async () => {
  const id = await idOf('duplicate-content');
  await keep([id]);
  const moved = await test.send('POST', '/v1/datasets/pets/files/move', {
    paths: ['cat/copy-a.png', 'cat/copy-b.png'],
    class: 'dog',
  });
  expect(moved.body.data.map(({ moved_to: to }: AnyJson) => to)).toEqual([
    'dog/copy-a.png',
    'dog/copy-b.png',
  ]);
  expect(withCode((await inspect()).findings, 'duplicate-content')).toEqual([
    expect.objectContaining({ id, kept: true }),
  ]);
  const other = await makePattern(78);
  for (const name of ['x.png', 'y.png']) await store.put(`datasets/pets/cat/${name}`, other);
  const found = withCode((await inspect()).findings, 'duplicate-content');
  expect(found.map(({ kept }) => kept).sort()).toEqual([false, true]);
});

it('finds a picture by its hash where it was moved', async () => {
  const files = '/v1/datasets/pets/files';
  const [{ content_hash: hash }] = (await test.send('GET', `${files}?class=dog&limit=1`)).body.data;
  await test.send('POST', `${files}/move`, { paths: ['dog/1.png'], class: 'cat' });
  const found = await test.send('GET', `${files}?content_hash=${hash}`);
  expect(found.body.data.map(({ path }: AnyJson) => path)).toEqual(['cat/1-2.png']);
  expect((await test.send('GET', `${files}?content_hash=abc`)).status).toBe(400);
});

it('never keeps an error', async () => {
  await test.send('DELETE', '/v1/datasets/pets/classes/dog');
  const id = await idOf('single-class');
  await keep([id]);
  const found = await inspect();
  expect(found.can_train).toBe(false);
  expect(withCode(found.finding_groups, 'single-class')).toEqual([
    expect.objectContaining({ count: 1, kept: 0 }),
  ]);
});

it('takes the record along when the dataset is renamed, and away when it is deleted', async () => {
  const id = await idOf('duplicate-content');
  await keep([id]);
  expect((await test.send('POST', '/v1/datasets/pets/rename', { name: 'animals' })).status).toBe(200);
  expect(withCode((await inspect('animals')).findings, 'duplicate-content')[0].kept).toBe(true);
  expect(await store.head(keys.keptFindings('pets'))).toBeUndefined();
  await test.send('DELETE', '/v1/datasets/animals');
  expect(await store.head(keys.keptFindings('animals'))).toBeUndefined();
});

it('forgets what was kept of a picture that is deleted', async () => {
  const copies = await idOf('duplicate-content');
  const text = await idOf('file-unsupported');
  await keep([copies, text]);
  await test.send('POST', '/v1/datasets/pets/files/delete', { paths: ['cat/notes.txt'] });
  expect((await test.send('GET', KEPT)).body.ids).toEqual([copies]);
  await test.send('POST', '/v1/datasets/pets/files/delete', { paths: ['cat/copy-b.png'] });
  expect((await test.send('GET', KEPT)).body.ids).toEqual([]);
});

it('lists the first ten of a code that are open, beside those that are kept', async () => {
  for (let index = 0; index < 15; index++) await store.put(`datasets/pets/cat/${index}.txt`, `text ${index}`);
  const first = withCode((await inspect()).findings, 'file-unsupported').map(({ id }) => id);
  expect(first).toHaveLength(10);
  await keep(first);
  const found = withCode((await inspect()).findings, 'file-unsupported');
  expect(found.filter(({ kept }) => kept)).toHaveLength(10);
  expect(found.filter(({ kept }) => !kept)).toHaveLength(6);
});

it('rejects ids of another form, and datasets that are not there', async () => {
  expect((await keep(['../secret'])).body.error.code).toBe('request-invalid');
  const nowhere = await test.send('POST', '/v1/datasets/none/kept_findings', { ids: ['near-duplicate'] });
  expect(nowhere.body.error.code).toBe('dataset-not-found');
});

it('lets the oldest give way', async () => {
  const many = Array.from({ length: MOST_KEPT }, (_, index) => `near-duplicate:${index}`);
  await keepFindings(store, 'pets', many, true);
  const kept = await keepFindings(store, 'pets', ['near-duplicate:new'], true);
  expect(kept).toHaveLength(MOST_KEPT);
  expect([kept[0], kept.at(-1)]).toEqual(['near-duplicate:1', 'near-duplicate:new']);
});
