// The files of a dataset over HTTP: pages, pictures, moves and deletions.

import type { Context } from 'hono';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import { claimMove } from '../../../core/dataset/claim-move.ts';
import { keepFeedback } from '../../../core/dataset/keep-feedback.ts';
import { packMembers } from '../../../core/erasure/feature-members.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import type { AppEnv } from '../../../functions/deps/deps.ts';
import { toSeenHolders } from '../../../functions/routes/seen-holders.ts';
import { makePattern, makePictures, storeOf } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

const FILES = '/v1/datasets/pets/files';
const pets = async (more: Readonly<Record<string, Uint8Array | string>> = {}) => {
  const store = await storeOf({ ...(await makePictures({ cat: 12, dog: 12 })), ...more });
  return { ...createTestApp({ store }), store };
};
const keysOf = async (store: ObjectStore, prefix = '') => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};
const move = (test: Awaited<ReturnType<typeof pets>>, paths: readonly string[], label: string) =>
  test.send('POST', `${FILES}/move`, { paths, class: label });
const remove = (test: Awaited<ReturnType<typeof pets>>, paths: readonly string[]) =>
  test.send('POST', `${FILES}/delete`, { paths });

describe('the list of files', () => {
  it('has pages by path, with class, split and findings', async () => {
    const test = await pets({ 'cat/notes.txt': 'no picture', 'stray.png': await makePattern(1) });
    const first = await test.send('GET', `${FILES}?limit=20`);
    expect(first.body.data).toHaveLength(20);
    expect(first.body.has_more).toBe(true);
    const last = first.body.data.at(-1).path;
    const second = await test.send('GET', `${FILES}?limit=20&after=${encodeURIComponent(last)}`);
    expect(second.body.has_more).toBe(false);
    const all = [...first.body.data, ...second.body.data];
    expect(all.map(({ path }) => path)).toEqual(
      (await keysOf(test.store, 'datasets/pets/')).map((key) => key.slice('datasets/pets/'.length)),
    );
    expect(all.find(({ path }) => path === 'cat/1.png')).toMatchObject({
      object: 'dataset.file',
      class: 'cat',
      split: expect.stringMatching(/^(train|validation|test)$/),
      width: 4,
      findings: [],
    });
    expect(all.find(({ path }) => path === 'cat/notes.txt')).toMatchObject({
      class: 'cat',
      split: null,
      content_hash: null,
      findings: ['file-unsupported'],
    });
    expect(all.find(({ path }) => path === 'stray.png')).toMatchObject({
      class: null,
      findings: ['file-outside-class'],
    });
  });

  it('is narrowed by class, split and finding', async () => {
    const test = await pets({ 'cat/notes.txt': 'no picture' });
    const list = async (query: string) => (await test.send('GET', `${FILES}?${query}`)).body.data;
    const dogs = await list('class=dog');
    expect(dogs).toHaveLength(12);
    const splits = await Promise.all(
      ['train', 'validation', 'test'].map((split) => list(`class=dog&split=${split}`)),
    );
    expect(splits.flat()).toHaveLength(12);
    expect((await list('finding=file-unsupported')).map(({ path }: { path: string }) => path)).toEqual([
      'cat/notes.txt',
    ]);
    expect((await test.send('GET', `${FILES}?split=none`)).status).toBe(400);
    expect((await test.send('GET', '/v1/datasets/none/files')).body.error.code).toBe('dataset-not-found');
  });
});

describe('one file', () => {
  it('is given out without its place, and small without any metadata', async () => {
    const picture = await sharp(await makePattern(1))
      .withExif({
        IFD0: { Make: 'Camera' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48151/1623 42/1 0/1' },
      })
      .jpeg()
      .toBuffer();
    const test = await pets({ 'cat/é/taken.jpg': picture });
    const get = (path: string) => test.app.request(path);
    const query = `path=${encodeURIComponent('cat/é/taken.jpg')}`;
    const content = await get(`${FILES}/content?${query}`);
    expect(content.status).toBe(200);
    expect(content.headers.get('x-content-type-options')).toBe('nosniff');
    const body = Buffer.from(await content.arrayBuffer());
    expect(body.length).toBe(picture.length);
    for (const latitude of [Buffer.from([0x17, 0xbc, 0, 0]), Buffer.from([0, 0, 0xbc, 0x17])])
      expect(body.includes(latitude)).toBe(false);
    const thumbnail = await get(`${FILES}/thumbnail?${query}&size=64`);
    expect(thumbnail.headers.get('content-type')).toBe('image/webp');
    const small = await sharp(Buffer.from(await thumbnail.arrayBuffer())).metadata();
    expect([small.width, small.height, small.exif]).toEqual([64, 64, undefined]);
  });

  it('is shown small by the hash of its bytes alone, where one is asked for', async () => {
    const test = await pets();
    const ask = (bytes: Uint8Array) =>
      test.app.request(`${FILES}/thumbnail?path=cat/1.png&content_hash=${contentHashOf(bytes)}`);
    const own = (await test.store.get('datasets/pets/cat/1.png'))?.body ?? new Uint8Array();
    expect((await ask(own)).status).toBe(200);
    const other = await ask(new Uint8Array([1]));
    expect(other.status).toBe(404);
    expect(await other.json()).toMatchObject({ error: { code: 'dataset-file-not-found' } });
  });

  it.each([
    ['content?path=cat/none.png', 404, 'dataset-file-not-found'],
    ['content?path=../other/cat/1.png', 400, 'key-invalid'],
    ['content', 400, 'request-invalid'],
    ['content?path=cat/1.png%00', 400, 'request-invalid'],
    ['thumbnail?path=cat/1.png&size=100000', 400, 'request-invalid'],
    ['thumbnail?path=cat/notes.txt', 404, 'thumbnail-unavailable'],
  ])('is refused at %s', async (path, status, code) => {
    const test = await pets({ 'cat/notes.txt': 'no picture' });
    expect(await test.send('GET', `${FILES}/${path}`)).toMatchObject({ status, body: { error: { code } } });
  });
});

describe('a file that was replaced since somebody looked', () => {
  const CAT = 'datasets/pets/cat/1.png';
  const DELETE = `${FILES}/delete`;
  const NO_HASH = '0'.repeat(64);
  const hashOf = async ({ store }: { readonly store: ObjectStore }, key = CAT) =>
    contentHashOf((await store.get(key))?.body ?? new Uint8Array());

  it('stays where it is, while the others move', async () => {
    const test = await pets();
    const other = await hashOf(test, 'datasets/pets/cat/2.png');
    const content_hashes = { 'cat/1.png': NO_HASH, 'cat/2.png': other };
    const asked = { paths: ['cat/1.png', 'cat/2.png'], class: 'bird', content_hashes };
    const { status, body } = await test.send('POST', `${FILES}/move`, asked);
    expect([status, body.data[0].error.code, body.data[0].moved_to]).toEqual([
      200,
      'dataset-file-changed',
      null,
    ]);
    expect(body.data[1]).toMatchObject({ moved_to: 'bird/2.png', error: null });
    expect(await test.store.head(CAT)).toBeDefined();
  });

  it('is not deleted, nor is anything else of the request', async () => {
    const test = await pets();
    const paths = ['cat/1.png', 'cat/2.png'];
    const send = (hash: string, path = 'cat/1.png') =>
      test.send('POST', DELETE, { paths, content_hashes: { [path]: hash } });
    expect(await send(NO_HASH)).toMatchObject({
      status: 409,
      body: { error: { code: 'dataset-file-changed', details: { paths: ['cat/1.png'] } } },
    });
    expect(await test.store.head('datasets/pets/cat/2.png')).toBeDefined();
    expect(await send(NO_HASH, 'dog/1.png')).toMatchObject({ status: 400 });
    expect(await send('short')).toMatchObject({ status: 400 });
    expect((await send(await hashOf(test))).body.paths).toEqual(paths);
  });

  it('is not deleted where it is replaced while the deletion is under way', async () => {
    const test = await pets();
    const hash = await hashOf(test);
    let heads = 0;
    const store: ObjectStore = {
      ...test.store,
      async head(key) {
        // The first look at it is before anything is erased.
        if (key === CAT && ++heads === 2) await test.store.put(CAT, await makePattern(9));
        return test.store.head(key);
      },
    };
    const asked = { paths: ['cat/1.png'], content_hashes: { 'cat/1.png': hash } };
    expect(await createTestApp({ store }).send('POST', DELETE, asked)).toMatchObject({
      status: 409,
      body: { error: { code: 'dataset-file-changed' } },
    });
    expect(await hashOf(test)).toBe(contentHashOf(await makePattern(9)));
  });
});

describe('a move', () => {
  it('corrects labels, several at once, under a new name where another picture has it', async () => {
    const test = await pets({ 'cat/deep/1.png': await makePattern(1), 'dog/2-2.png': await makePattern(2) });
    const paths = ['cat/1.png', 'cat/deep/1.png', 'cat/none.png', 'cat/2.png'];
    const body = async (path: string) => (await test.store.get(`datasets/pets/${path}`))?.body;
    const before = await Promise.all(['dog/1.png', 'cat/1.png', 'cat/2.png'].map(body));
    const { status, body: first } = await move(test, paths, 'dog');
    expect(status).toBe(200);
    expect(first.data.map(({ moved_to }: { moved_to: string | null }) => moved_to)).toEqual([
      'dog/1-2.png',
      'dog/deep/1.png',
      null,
      'dog/2-3.png',
    ]);
    expect(first.data[2].error.code).toBe('dataset-file-not-found');
    expect(await Promise.all(['dog/1.png', 'dog/1-2.png', 'dog/2-3.png'].map(body))).toEqual(before);
    expect(await body('cat/deep/1.png')).toBeUndefined();
    expect(await keysOf(test.store, 'cache/inspections/pets/moves/')).toEqual([]);
  });

  it('of a picture that is not there is an error, whatever is at its new place', async () => {
    const test = await pets();
    const { body } = await move(test, ['none/2.png', 'cat/none.png'], 'dog');
    expect(body.data).toMatchObject([
      {
        moved_to: null,
        error: { code: 'dataset-file-not-found', message: expect.stringContaining('"dog/2.png"') },
      },
      { moved_to: null, error: { code: 'dataset-file-not-found' } },
    ]);
    await move(test, ['cat/1.png'], 'bird');
    const { body: again } = await move(test, ['cat/1.png'], 'bird');
    expect(again.data[0].error.message).toContain('"bird/1.png"');
  });

  it('to three classes at once makes one picture of it', async () => {
    const test = await pets({ 'cat/one.png': await makePattern(1) });
    const answers = await Promise.all(
      ['dog', 'bird', 'fish'].map((label) => move(test, ['cat/one.png'], label)),
    );
    const moved = answers.flatMap(({ body }) => body.data[0].moved_to ?? []);
    expect(moved).toHaveLength(1);
    const copies = (await keysOf(test.store, 'datasets/pets/')).filter((key) => key.endsWith('/one.png'));
    expect(copies).toEqual([`datasets/pets/${moved[0]}`]);
  });

  it('that was killed is finished by the next one', async () => {
    const picture = await makePattern(1);
    const test = await pets({ 'cat/one.png': picture, 'dog/one.png': picture });
    const source = await test.store.head('datasets/pets/cat/one.png');
    if (source !== undefined) await claimMove(test.store, 'pets', source, 'dog');
    const { body } = await move(test, ['cat/one.png'], 'bird');
    expect(body.data[0].error.message).toContain('"dog/one.png"');
    const copies = (await keysOf(test.store)).filter((key) => /one.png|moves/.test(key));
    expect(copies).toEqual(['datasets/pets/dog/one.png']);
  });

  it('goes on where a copy was made and the original not yet deleted', async () => {
    const picture = await makePattern(1);
    const test = await pets({ 'cat/a.png': picture, 'dog/a.png': picture });
    expect((await move(test, ['cat/a.png'], 'dog')).body.data).toEqual([
      { path: 'cat/a.png', moved_to: 'dog/a.png', error: null },
    ]);
    expect(await test.store.head('datasets/pets/cat/a.png')).toBeUndefined();
  });

  it('keeps the split of a picture, in folders and by content', async () => {
    const names = ['train', 'test'].flatMap((split) => ['cat', 'dog'].map((label) => `${split}/${label}`));
    const store = await storeOf(await makePictures(Object.fromEntries(names.map((name) => [name, 3]))));
    const test = { ...createTestApp({ store }), store };
    const { body } = await move(test, ['test/cat/1.png'], 'bird');
    expect(body.data[0].moved_to).toBe('test/bird/1.png');
  });

  it('renames a class', async () => {
    const test = await pets();
    const { body } = await test.send('POST', '/v1/datasets/pets/classes/cat/rename', { class: 'lion' });
    expect(body.data).toHaveLength(12);
    const { body: dataset } = await test.send('GET', '/v1/datasets/pets');
    expect(dataset.classes.map(({ label }: { label: string }) => label)).toEqual(['dog', 'lion']);
  });

  it.each([
    ['POST', 'none/rename', { class: 'lion' }],
    ['DELETE', 'none', undefined],
  ])('and other changes of a class that is not there are refused: %s %s', async (method, path, request) => {
    const test = await pets();
    const { status, body } = await test.send(method, `/v1/datasets/pets/classes/${path}`, request);
    expect([status, body.error.code]).toEqual([404, 'dataset-class-not-found']);
  });
});

describe('a deletion', () => {
  it('leaves nothing of a picture: its file, features, inspection, uploads and contact sheets', async () => {
    const picture = await makePattern(1);
    const test = await pets({ 'cat/secret.png': picture });
    const { store } = test;
    const hash = contentHashOf(picture);
    const other = contentHashOf(new Uint8Array(1));
    const [held, free, old] = ['aa1', 'bb2', 'cc3'].map((name) => keys.feature(name)) as [
      string,
      string,
      string,
    ];
    await store.put(held, 'features');
    await store.put(keys.featureMembers('aa1'), packMembers([other, hash]));
    await store.put(free, 'features');
    await store.put(keys.featureMembers('bb2'), packMembers([other]));
    await store.put(old, 'features of an earlier version');
    await store.put(keys.upload('upload-1'), picture);
    await store.put(
      keys.upload('upload-2'),
      picture.map((byte) => byte ^ 1),
    );
    const job = await test.jobs.create(newJob({ dataset: 'pets' }));
    await test.jobs.requestCancel(job.id);
    await store.put(keys.jobContactSheet(job.id), 'sheet');
    await test.jobs.appendEvent(job.id, {
      level: 'info',
      type: 'message',
      message: 'see datasets/pets/cat/secret.png',
      data: null,
    });
    await test.send('GET', '/v1/datasets/pets');

    const { status, body } = await remove(test, ['cat/secret.png', 'cat/none.png']);
    expect(status).toBe(200);
    expect(body).toEqual({
      object: 'dataset.files',
      dataset: 'pets',
      deleted: true,
      paths: ['cat/secret.png'],
      also_held_by: [{ object: 'fine_tuning.job', id: job.id, holds: ['events'] }],
    });
    const left = await keysOf(store);
    expect(left).not.toContain(held);
    expect(left).not.toContain(old);
    expect(left).toContain(free);
    expect(left).not.toContain(keys.upload('upload-1'));
    expect(left).toContain(keys.upload('upload-2'));
    expect(left).not.toContain(keys.jobContactSheet(job.id));
    for (const key of left.filter((one) => !one.startsWith(`jobs/${job.id}/events/`))) {
      const bytes = Buffer.from((await store.get(key))?.body ?? []);
      for (const trace of ['secret', hash, Buffer.from(hash, 'hex').subarray(0, 16), Buffer.from(picture)])
        expect(bytes.includes(trace), `${key} has a trace`).toBe(false);
    }
    // What else is known is kept.
    expect((await test.send('GET', '/v1/datasets/pets')).body.status).toBe('inspected');
    expect((await remove(test, ['cat/secret.png'])).body.paths).toEqual([]);
  });

  it('names copies in this and other datasets, as far as they are known and the key may see them', async () => {
    const picture = await makePattern(1);
    const { store } = await pets({ 'cat/one.png': picture, 'dog/copy.png': picture });
    for (const [dataset, path] of [
      ['inspected', 'a/1.png'],
      ['inspected', 'a/changed.png'],
      ['inspected', 'a/gone.png'],
      ['unknown', 'a/1.png'],
    ])
      await store.put(`datasets/${dataset}/${path}`, picture);
    const { path: kept } = await keepFeedback(store, 'color', 'red', picture);
    const test = { ...createTestApp({ store }), store };
    for (const dataset of ['pets', 'inspected']) await test.send('GET', `/v1/datasets/${dataset}`);
    await store.put('datasets/inspected/a/changed.png', await makePattern(2));
    await store.delete('datasets/inspected/a/gone.png');
    const copiesIn = (dataset: string, paths: readonly string[]) => ({
      object: 'dataset',
      dataset,
      paths,
      path_count: paths.length,
      holds: ['content'],
    });
    expect((await remove(test, ['cat/one.png'])).body.also_held_by).toEqual([
      copiesIn('color-feedback', [kept]),
      copiesIn('inspected', ['a/1.png']),
      copiesIn('pets', ['dog/copy.png']),
    ]);
    expect(await store.head('datasets/inspected/a/1.png')).toBeDefined();
  });

  it('does not name copies in datasets that the key may not see', () => {
    const asKey = (key: object | undefined) => ({ get: () => key }) as unknown as Context<AppEnv>;
    const holders = ['pets', 'other'].map(
      (dataset) => ({ kind: 'dataset', dataset, paths: ['a/1.png'], holds: ['content'] }) as const,
    );
    expect(toSeenHolders(asKey(undefined), holders)).toHaveLength(2);
    expect(toSeenHolders(asKey({ datasets: ['pets'] }), holders)).toMatchObject([{ dataset: 'pets' }]);
  });

  it('names jobs whose events have the hash of the picture', async () => {
    const picture = await makePattern(1);
    const test = await pets({ 'cat/secret.png': picture });
    const { id } = await test.jobs.create(newJob({ dataset: 'pets' }));
    await test.jobs.requestCancel(id);
    const message = `(class "cat", train, sha256 ${contentHashOf(picture).slice(0, 32)}…)`;
    await test.jobs.appendEvent(id, { level: 'info', type: 'message', message, data: null });
    const { body } = await remove(test, ['cat/secret.png']);
    expect(body.also_held_by).toEqual([{ object: 'fine_tuning.job', id, holds: ['events'] }]);
  });

  it('takes the records of uploads in parts, which have names of files', async () => {
    const picture = Uint8Array.from(await makePattern(1));
    const test = await pets({ 'cat/secret.png': picture });
    const upload = async (name: string, content: Uint8Array<ArrayBuffer>) => {
      const { body } = await test.send('POST', '/v1/uploads', {
        bytes: content.length,
        filename: name,
        mime_type: 'image/png',
        purpose: 'vision',
      });
      const form = new FormData();
      form.append('data', new Blob([content]), 'blob');
      const init = { method: 'POST', body: form };
      const part = await readAnswer(await test.app.request(`/v1/uploads/${body.id}/parts`, init));
      return { id: body.id, part_ids: [part.body.id] };
    };
    await upload('pending-secret.png', picture);
    const { id, part_ids } = await upload('complete-secret.png', picture);
    const done = await test.send('POST', `/v1/uploads/${id}/complete`, { part_ids });
    expect(done.status).toBe(200);
    const other = await upload('other.png', Uint8Array.from(await makePattern(2)));
    await remove(test, ['cat/secret.png']);
    const left = (await keysOf(test.store, 'files/')).map((key) => key.split('/').slice(0, 3).join('/'));
    expect(new Set(left)).toEqual(new Set([`files/unfinished/${other.id}`]));
  });

  it('takes a class, or a whole dataset', async () => {
    const test = await pets({ 'dog/more.png': await makePattern(2) });
    await test.store.put('datasets/pets2/cat/1.png', await makePattern(3));
    await test.send('GET', '/v1/datasets/pets');
    expect((await test.send('DELETE', '/v1/datasets/pets/classes/dog')).body.paths).toHaveLength(13);
    const long = await test.send('DELETE', `/v1/datasets/pets/classes/${'x'.repeat(256)}`);
    expect([long.status, long.body.error.code]).toEqual([400, 'dataset-name-invalid']);
    expect((await test.send('GET', '/v1/datasets/pets')).body.classes).toHaveLength(1);
    const { body } = await test.send('DELETE', '/v1/datasets/pets');
    expect(body).toEqual({ id: 'pets', object: 'dataset', deleted: true, also_held_by: [] });
    // The audit log says who deleted what.
    const left = (await keysOf(test.store)).filter((key) => !key.startsWith(keys.audit()));
    expect(left).toEqual(['datasets/pets2/cat/1.png']);
    expect((await test.send('DELETE', '/v1/datasets/pets')).body.error.code).toBe('dataset-not-found');
  });

  it('and a move are refused while a job uses the dataset', async () => {
    const test = await pets();
    const { id } = await test.jobs.create(newJob({ dataset: 'pets' }));
    const answers = await Promise.all([
      remove(test, ['cat/1.png']),
      move(test, ['cat/1.png'], 'dog'),
      test.send('DELETE', '/v1/datasets/pets'),
      test.send('DELETE', '/v1/datasets/pets/classes/cat'),
    ]);
    for (const { status, body } of answers) {
      expect(status).toBe(409);
      expect(body.error).toMatchObject({ code: 'dataset-in-use', details: { jobs: [id] } });
    }
    expect(await test.store.head('datasets/pets/cat/1.png')).toBeDefined();
  });
});
