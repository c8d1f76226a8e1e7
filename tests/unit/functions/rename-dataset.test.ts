// A dataset is renamed over HTTP: what goes with it, what keeps the old name, and what becomes of a rename that dies at any moment.

import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { renameDataset } from '../../../core/dataset/rename-dataset.ts';
import { createSplitSnapshots } from '../../../core/dataset/split-snapshots.ts';
import { SplitFractionsSchema } from '../../../core/job/record/job.ts';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { dyingStore } from '../../support/dying-store.ts';
import { makePictures, storeOf } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';
const RENAME = '/v1/datasets/pets/rename';
let store: ObjectStore;
let test: TestApp;

async function open() {
  store = await storeOf(await makePictures({ cat: 4, dog: 4 }));
  const splits = createSplitSnapshots(store, 'pets', { train: 0.5, validation: 0.25, test: 0.25 });
  await splits.create({ sequence: 1, method: 'quota', splits: new Map() });
  test = createTestApp({ store });
}
beforeEach(open);

const keysOf = async (prefix: string) => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};
const listed = async () =>
  (await test.send('GET', '/v1/datasets')).body.data.map(({ dataset }: { dataset: string }) => dataset);
const filesOf = async (dataset: string) => (await test.send('GET', `/v1/datasets/${dataset}/files`)).status;

describe('a rename', () => {
  it('takes files and splits along, and frees the old name', async () => {
    const before = await keysOf('datasets/pets/');
    const renamed = await test.send('POST', RENAME, { name: 'animals' });
    expect(renamed).toMatchObject({
      status: 200,
      body: { object: 'dataset', dataset: 'animals', former_names: ['pets'] },
    });
    expect(await keysOf('datasets/')).toEqual(before.map((key) => key.replace('pets', 'animals')));
    expect(await keysOf('splits/')).toEqual([
      'splits/animals/0.5-0.25-0.25/00000001.json',
      'splits/animals/names.json',
    ]);
    expect(await keysOf('cache/inspections/pets/')).toEqual([]);
    expect((await test.send('POST', RENAME, { name: 'animals' })).body.error.code).toBe('dataset-not-found');
    const again = await test.send('POST', '/v1/datasets/animals/rename', { name: 'zoo' });
    expect(again.body.former_names).toEqual(['pets', 'animals']);
    for (const [from, to] of [
      ['zoo', 'animals'],
      ['animals', 'zoo'],
    ])
      await test.send('POST', `/v1/datasets/${from}/rename`, { name: to });
    const back = await test.send('POST', '/v1/datasets/zoo/rename', { name: 'farm' });
    expect(back.body.former_names).toEqual(['pets', 'animals', 'zoo']);
    expect((await test.send('POST', '/v1/datasets/farm/rename', { name: 'zoo' })).body.former_names).toEqual([
      'pets',
      'animals',
      'farm',
    ]);
    const put = await test.app.request('/v1/datasets/pets/cat/1.png', {
      method: 'PUT',
      body: await colorPicture('red'),
    });
    expect([put.status, await listed()]).toEqual([200, ['pets', 'zoo']]);
  });

  it('is told whoever asks by the former name, as far as the key may see the new one', async () => {
    await test.send('POST', RENAME, { name: 'animals' });
    const guarded = createTestApp({ store, apiKeys: async () => ({ operator: OPERATOR }) });
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const told = async (datasets?: string[]) => {
      const key = { name: `key-${datasets?.length}`, scopes: ['train'], ...(datasets && { datasets }) };
      const { secret } = (await guarded.send('POST', '/v1/keys', key, as(OPERATOR))).body;
      const { error } = (await guarded.send('GET', '/v1/datasets/pets/files', undefined, as(secret))).body;
      return [error.code, error.details.renamed_to, error.message.includes('animals')];
    };
    expect(await told()).toEqual(['dataset-not-found', 'animals', true]);
    expect(await told(['pets', 'animals'])).toEqual(['dataset-not-found', 'animals', true]);
    expect(await told(['pets'])).toEqual(['dataset-not-found', undefined, false]);
    // Of two that had the name, none is told.
    await test.app.request('/v1/datasets/pets/cat/1.png', { method: 'PUT', body: await colorPicture('red') });
    await test.send('POST', RENAME, { name: 'others' });
    const { error } = (await test.send('GET', '/v1/datasets/pets')).body;
    expect([error.code, error.details.renamed_to]).toEqual(['dataset-not-found', undefined]);
  });

  it('keeps what jobs saw, and a deletion names what was trained by the old name', async () => {
    const inspection = await inspectDataset(store, 'pets', { split: SplitFractionsSchema.parse({}) });
    await recordSnapshot(store, inspection);
    await commitColorModel(store, { dataset: 'pets' });
    const { id } = await test.jobs.create(newJob({ dataset: 'pets' }));
    await test.jobs.requestCancel(id);
    await test.send('POST', RENAME, { name: 'animals' });
    const { body } = await test.send('GET', `/v1/datasets/animals/snapshots/${inspection.contentHash}`);
    expect(body).toMatchObject({ dataset: 'animals', id: inspection.contentHash });
    await commitColorModel(store, { dataset: 'pets', version: '2' });
    const before = await test.send('GET', '/v1/datasets/animals/holders');
    expect(before.body.data).toMatchObject([
      { object: 'model.version', model: 'color', version: '1' },
      { object: 'model.version', model: 'color', version: '2' },
      { object: 'fine_tuning.job', id },
    ]);
    const deleted = await test.send('POST', '/v1/datasets/animals/files/delete', { paths: ['cat/1.png'] });
    expect(deleted.body.also_held_by).toMatchObject([
      { model: 'color', version: '1' },
      { model: 'color', version: '2' },
    ]);
  });

  it.each([
    ['a name that is taken', { name: 'other' }, 409, 'dataset-exists'],
    ['its own name', { name: 'pets' }, 409, 'dataset-exists'],
    ['a name that is a path', { name: 'a/b' }, 400, 'dataset-name-invalid'],
  ])('is refused for %s', async (_, body, status, code) => {
    await store.put('datasets/other/a/1.png', await colorPicture('red'));
    const refused = await test.send('POST', RENAME, body);
    expect([refused.status, refused.body.error.code]).toEqual([status, code]);
    expect(await listed()).toEqual(['other', 'pets']);
  });

  it('is refused while a job uses the dataset, also one that is made at the same moment', async () => {
    const { id } = await test.jobs.create(newJob({ dataset: 'pets' }));
    const refused = await test.send('POST', RENAME, { name: 'animals' });
    expect(refused.body.error).toMatchObject({ code: 'dataset-in-use', details: { jobs: [id] } });
    await test.jobs.requestCancel(id);
    const met: ObjectStore = {
      ...store,
      async put(key, ...rest) {
        if (key === 'splits/animals/names.json') await test.jobs.create(newJob({ dataset: 'pets' }));
        return store.put(key, ...rest);
      },
    };
    const late = await createTestApp({ store: met }).send('POST', RENAME, { name: 'animals' });
    expect(late.body.error.code).toBe('dataset-in-use');
    expect(await keysOf('datasets/animals/')).toEqual([]);
    expect(await listed()).toEqual(['pets']);
    expect((await test.send('PUT', '/v1/datasets/pets/cat/x.png')).body.error.code).toBe('body-missing');
  });

  it('is refused as a whole where the same is asked for at the same moment, and a job began before', async () => {
    for (let late = 0; late < 12; late += 1) {
      await open();
      let [isJob, reads] = [false, 0];
      // Both have found the dataset unused by then.
      const beginJob = async () => {
        if (isJob) return;
        isJob = true;
        await test.jobs.create(newJob({ dataset: 'pets' }));
      };
      const ask = (before: () => Promise<void>) => {
        const met: ObjectStore = {
          ...store,
          async put(key, ...rest) {
            if (key.endsWith('names.json')) await before();
            return store.put(key, ...rest);
          },
        };
        return createTestApp({ store: met }).send('POST', RENAME, { name: 'animals' });
      };
      const slowly = async () => {
        await beginJob();
        reads += 1;
        for (let turn = 0; turn < late * reads; turn += 1) await new Promise(setImmediate);
      };
      const answers = await Promise.all([ask(beginJob), ask(slowly)]);
      expect(answers.map(({ status, body }) => [status, body.error?.code])).toEqual([
        [409, 'dataset-in-use'],
        [409, 'dataset-in-use'],
      ]);
      expect(await keysOf('datasets/animals/')).toEqual([]);
      expect(await keysOf('datasets/pets/')).toHaveLength(8);
      for (const { id } of (await test.jobs.list({ limit: 9 })).jobs) await test.jobs.requestCancel(id);
      expect((await test.send('POST', RENAME, { name: 'animals' })).status).toBe(200);
    }
  });

  it('is done where the same is asked for many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => test.send('POST', RENAME, { name: 'animals' })),
    );
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    while ((await test.send('POST', RENAME, { name: 'animals' })).status === 503);
    expect(await keysOf('datasets/animals/')).toHaveLength(8);
    expect(await keysOf('datasets/pets/')).toEqual([]);
  });

  it('takes several requests where one is too short, and nothing else changes the dataset meanwhile', async () => {
    const short = createTestApp({ store, limits: { inspectionMs: 0 } });
    const first = await short.send('POST', RENAME, { name: 'animals' });
    expect(first).toMatchObject({ status: 503, body: { error: { code: 'dataset-renaming' } } });
    expect(first.headers.get('retry-after')).toBe('1');
    for (const [method, address, body] of [
      ['POST', '/v1/datasets/pets/files/delete', { paths: ['cat/1.png'] }],
      ['POST', '/v1/datasets/pets/files/move', { paths: ['cat/1.png'], class: 'dog' }],
      ['DELETE', '/v1/datasets/pets', undefined],
      [
        'POST',
        '/v1/datasets/pets/uploads',
        { files: [{ path: 'cat/9.png', bytes: 1, mime_type: 'image/png' }] },
      ],
      ['POST', '/v1/fine_tuning/jobs', { model: 'small_cnn', training_file: 'pets' }],
      ['POST', RENAME, { name: 'zoo' }],
    ] as const)
      expect(await test.send(method, address, body)).toMatchObject({
        status: 409,
        body: { error: { code: 'dataset-in-use' } },
      });
    const { body } = await test.send('DELETE', '/v1/datasets/animals');
    expect(body.error).toMatchObject({ code: 'dataset-not-found', details: { datasets: ['pets'] } });
    let status = 0;
    for (let request = 0; status !== 200; request += 1) {
      expect(request).toBeLessThan(9);
      status = (await short.send('POST', RENAME, { name: 'animals' })).status;
    }
    expect(await keysOf('datasets/animals/')).toHaveLength(8);
    expect(await keysOf('datasets/pets/')).toEqual([]);
  });

  it('leaves one name after every write that is the last, and goes on', async () => {
    const refuse = async () => undefined;
    let dead = 0;
    for (; ; dead += 1) {
      await open();
      const { dies, died } = dyingStore(store, dead);
      await renameDataset(dies, 'pets', 'animals', { refuse }).catch(() => undefined);
      const [only, ...others] = await listed();
      expect(others, `after ${dead} writes`).toEqual([]);
      const hidden = only === 'pets' ? 'animals' : 'pets';
      expect([await filesOf(only), await filesOf(hidden)]).toEqual([200, 404]);
      expect((await test.send('GET', `/v1/datasets/${only}/files`)).body.data).toHaveLength(8);
      if (!died()) break;
      expect((await test.send('POST', RENAME, { name: 'animals' })).status).toBe(200);
      expect(await keysOf('datasets/animals/')).toHaveLength(8);
      expect(await keysOf('datasets/pets/')).toEqual([]);
    }
    expect(dead).toBeGreaterThan(20);
  });

  it('is refused for a linked dataset, of which nothing may be erased', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-rename-'));
    try {
      await mkdir(path.join(folder, 'data/datasets'), { recursive: true });
      await mkdir(path.join(folder, 'mine/cat'), { recursive: true });
      await writeFile(path.join(folder, 'mine/cat/1.png'), await colorPicture('red'));
      await symlink(path.join(folder, 'mine'), path.join(folder, 'data/datasets/pets'));
      const linked = createTestApp({ store: createFilesystemStore({ root: path.join(folder, 'data') }) });
      const refused = await linked.send('POST', RENAME, { name: 'animals' });
      expect([refused.status, refused.body.error.code]).toEqual([409, 'storage-link-refused']);
      expect(await readdir(path.join(folder, 'mine/cat'))).toEqual(['1.png']);
      expect((await linked.send('GET', '/v1/datasets')).body.data).toMatchObject([{ dataset: 'pets' }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
