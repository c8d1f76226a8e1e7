// What jobs saw of a dataset, over HTTP.

import { describe, expect, it } from 'vitest';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { makePicture, makePictures, storeOf } from '../../support/make-dataset.ts';
import { createTestApp } from '../../support/test-app.ts';

const SNAPSHOTS = '/v1/datasets/pets/snapshots';
const see = async (store: ObjectStore) => {
  const inspection = await inspectDataset(store, 'pets', {
    split: { train: 0.75, validation: 0.15, test: 0.1 },
    fixesSplit: true,
  });
  await recordSnapshot(store, inspection);
  return inspection;
};

describe('snapshots of a dataset', () => {
  it('are kept of each state that a job saw, once, without names, and do not disturb the split', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const test = createTestApp({ store });
    const first = await see(store);
    expect(await see(store)).toEqual(first);
    const { body } = await test.send('GET', SNAPSHOTS);
    expect(body.data).toEqual([
      { object: 'dataset.snapshot', id: first.contentHash, created_at: expect.any(Number) },
    ]);
    const one = await test.send('GET', `${SNAPSHOTS}/${first.contentHash}`);
    expect(one.body.classes).toEqual([
      { label: 'cat', train: 9, validation: 2, test: 1 },
      { label: 'dog', train: 9, validation: 2, test: 1 },
    ]);
    const stored = await store.get(`splits/pets/seen/${first.contentHash}.json`);
    expect(Buffer.from(stored?.body ?? []).toString()).not.toContain('.png');
    const other = { train: 0.6, validation: 0.2, test: 0.2 };
    expect((await inspectDataset(store, 'pets', { split: other, fixesSplit: true })).splitSnapshot).toBe(1);
  });

  it('are compared: what was added, removed and moved', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const test = createTestApp({ store });
    const before = await see(store);
    const idOf = (path: string) =>
      before.items.find(({ key }) => key === `datasets/pets/${path}`)?.contentHash.slice(0, 32);
    const [removed, moved] = [idOf('dog/2.png'), idOf('cat/1.png')];
    const splitOf = before.items.find(({ key }) => key === 'datasets/pets/cat/1.png')?.split;
    await store.put('datasets/pets/dog/new.png', (await store.get('datasets/pets/cat/1.png'))?.body ?? '');
    await store.delete('datasets/pets/cat/1.png');
    await store.delete('datasets/pets/dog/2.png');
    await store.put('datasets/pets/dog/more.png', await makePicture(700));
    const after = await see(store);
    const { body } = await test.send(
      'GET',
      `${SNAPSHOTS}/${after.contentHash}/diff?since=${before.contentHash}`,
    );
    expect(body).toMatchObject({
      object: 'dataset.diff',
      before: before.contentHash,
      after: after.contentHash,
    });
    expect(body.added).toMatchObject({ count: 1, pictures: [{ class: 'dog' }] });
    expect(body.removed).toMatchObject({ count: 1, pictures: [{ id: removed, class: 'dog' }] });
    expect(body.moved.pictures).toEqual([
      {
        id: moved,
        path: 'dog/new.png',
        from: { class: 'cat', split: splitOf },
        to: { class: 'dog', split: splitOf },
      },
    ]);
  });

  it('are what a job can be asked to train on: found at once, counted, and refused together with a split', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const test = createTestApp({ store });
    const { contentHash } = await see(store);
    await store.delete('datasets/pets/cat/1.png');
    const body = { model: 'small_cnn', training_file: 'pets', dataset_snapshot: contentHash };
    const make = (more: object) => test.send('POST', '/v1/fine_tuning/jobs', { ...body, ...more });
    expect(await make({})).toMatchObject({ status: 200, body: { dataset_snapshot: contentHash } });
    const dry = await make({ dry_run: true });
    expect(dry.body.finding_counts['picture-gone']).toBe(1);
    expect(dry.body.split).toMatchObject({ test: 2 });
    expect(await make({ split_snapshot: 1 })).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid', param: 'split_snapshot' } },
    });
    for (const dry_run of [false, true])
      expect(await make({ dataset_snapshot: 'b'.repeat(64), dry_run })).toMatchObject({
        status: 404,
        body: { error: { code: 'dataset-snapshot-not-found', param: 'dataset_snapshot' } },
      });
  });

  it('are refused where there is none, and go with the dataset', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const test = createTestApp({ store });
    const { contentHash } = await see(store);
    const none = 'a'.repeat(64);
    for (const path of [none, `${none}/diff?since=${contentHash}`, `${contentHash}/diff?since=${none}`])
      expect(await test.send('GET', `${SNAPSHOTS}/${path}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'dataset-snapshot-not-found' } },
      });
    expect((await test.send('GET', `${SNAPSHOTS}/x`)).status).toBe(400);
    await test.send('DELETE', '/v1/datasets/pets');
    expect((await test.send('GET', SNAPSHOTS)).body.data).toEqual([]);
  });
});
