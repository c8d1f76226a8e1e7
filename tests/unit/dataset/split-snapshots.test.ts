// What a job fixes of a dataset's split, and what later jobs make of it.

import { describe, expect, it } from 'vitest';
import { type InspectDatasetOptions, inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { splitClass } from '../../../core/dataset/split-by-hash.ts';
import { summarizeClasses } from '../../../core/dataset/summarize-dataset.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { makePicture, makePictures, storeOf } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };
const OTHER_SPLIT = { train: 0.5, validation: 0.25, test: 0.25 };
const inspect = (store: ObjectStore, options: Partial<InspectDatasetOptions> = {}) =>
  inspectDataset(store, 'pets', { split: SPLIT, ...options });
/** As a job looks at it. */
const train = (store: ObjectStore, options: Partial<InspectDatasetOptions> = {}) =>
  inspect(store, { fixesSplit: true, ...options });
type Inspection = Awaited<ReturnType<typeof inspect>>;
const splitsOf = ({ items }: Inspection) =>
  new Map(items.map(({ contentHash, split }) => [contentHash, split]));
const snapshotKeys = async (store: ObjectStore) => {
  const found: string[] = [];
  for await (const { key } of store.list(keys.splits())) found.push(key);
  return found;
};
const put = async (store: ObjectStore, path: string, index: number) =>
  store.put(`${keys.dataset('pets')}${path}`, await makePicture(index));
const addCats = async (store: ObjectStore, from: number, count: number) => {
  for (let index = from; index < from + count; index++) await put(store, `cat/new-${index}.png`, index);
};
const manifestOf = (store: ObjectStore, dataset: string | null) =>
  store.put(keys.modelFile('old', '1', 'manifest.json'), JSON.stringify({ dataset }));
const byThreshold = ({ items, classes }: Inspection) =>
  new Map(
    classes.flatMap((_, classIndex) => {
      const hashes = items
        .filter((item) => item.classIndex === classIndex)
        .map(({ contentHash }) => contentHash);
      return splitClass(hashes, SPLIT).map((split, index) => [hashes[index] as string, split] as const);
    }),
  );
const byHash = <T>(entries: ReadonlyMap<string, T>) => [...entries].sort();

describe('the split of a dataset', () => {
  it('gives each class its shares to the nearest picture', async () => {
    const inspection = await train(await storeOf(await makePictures({ cat: 45, dog: 12, owl: 3 })));
    expect(summarizeClasses(inspection)).toEqual([
      { label: 'cat', train: 34, validation: 7, test: 4 },
      { label: 'dog', train: 9, validation: 2, test: 1 },
      { label: 'owl', train: 1, validation: 1, test: 1 },
    ]);
  });

  it('is fixed by the first job, and by none that only looks or cannot train', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    expect((await inspect(store)).splitSnapshot).toBeNull();
    expect(await snapshotKeys(store)).toEqual([]);
    expect((await train(store)).splitSnapshot).toBe(1);
    expect((await inspect(store)).splitSnapshot).toBe(1);
    expect(await snapshotKeys(store)).toEqual(['splits/pets/0.75-0.15-0.1/00000001.json']);
    const broken = await storeOf(await makePictures({ cat: 12 }));
    expect((await train(broken)).splitSnapshot).toBeNull();
    expect(await snapshotKeys(broken)).toEqual([]);
  });

  it('stays where pictures are added, taken away and renamed; new ones fill the shares', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const first = splitsOf(await train(store));
    await addCats(store, 500, 28);
    const second = await train(store);
    expect(second.splitSnapshot).toBe(2);
    expect(summarizeClasses(second)[0]).toEqual({ label: 'cat', train: 30, validation: 6, test: 4 });
    for (const [hash, split] of first) expect(splitsOf(second).get(hash)).toBe(split);
    for (let index = 1; index <= 6; index++) await store.delete(`${keys.dataset('pets')}cat/${index}.png`);
    await put(store, 'cat/back again.png', 0);
    const third = await train(store);
    expect(third.splitSnapshot).toBe(2);
    for (const [hash, split] of splitsOf(third)) expect(splitsOf(second).get(hash)).toBe(split);
  });

  it('lets a share yield to what has trained, with a finding', async () => {
    const store = await storeOf(await makePictures({ cat: 40, dog: 12 }));
    const { items } = await train(store);
    for (const { key, split, classIndex } of items)
      if (split !== 'train' && classIndex === 0) await store.delete(key);
    const inspection = await train(store);
    expect(summarizeClasses(inspection)[0]).toEqual({ label: 'cat', train: 30, validation: 0, test: 0 });
    expect(inspection.findings).toMatchObject([
      {
        code: 'split-off-quota',
        key: 'datasets/pets/cat/',
        message: expect.stringContaining('0 of 4 for validation'),
      },
    ]);
  });

  it('is that of the job that writes first, where two begin at once', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    let other: Inspection | undefined;
    const overtaken: ObjectStore = {
      ...store,
      put: async (key, body, options) => {
        if (key.startsWith(keys.splits()) && other === undefined) {
          await addCats(store, 500, 9);
          other = await train(store);
        }
        return store.put(key, body, options);
      },
    };
    const late = await train(overtaken);
    expect(await snapshotKeys(store)).toHaveLength(1);
    expect([other?.splitSnapshot, late.splitSnapshot]).toEqual([1, 1]);
    for (const [hash, split] of splitsOf(late)) expect(splitsOf(other as Inspection).get(hash)).toBe(split);
  });

  it('keeps to its snapshot for a model that is trained again, whatever came later', async () => {
    const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
    const first = await train(store);
    await addCats(store, 500, 28);
    await train(store);
    const again = await train(store, { snapshot: 1 });
    expect([again.contentHash, again.splitSnapshot]).toEqual([first.contentHash, 1]);
    expect(again.findingCounts).toEqual({ 'file-after-snapshot': 28 });
    await expect(train(store, { snapshot: 9 })).rejects.toMatchObject({ code: 'split-snapshot-not-found' });
  });

  it('stays where other fractions are chosen: only pictures that are new fill their shares', async () => {
    const store = await storeOf(await makePictures({ cat: 20, dog: 20 }));
    const first = splitsOf(await train(store));
    const second = await train(store, { split: OTHER_SPLIT });
    expect(byHash(splitsOf(second))).toEqual(byHash(first));
    expect(second.findings).toMatchObject([{ code: 'split-off-quota' }, { code: 'split-off-quota' }]);
    expect(await snapshotKeys(store)).toHaveLength(2);
    await addCats(store, 500, 20);
    const third = await train(store, { split: OTHER_SPLIT });
    expect(summarizeClasses(third)[0]).toEqual({ label: 'cat', train: 20, validation: 10, test: 10 });
    const fourth = await train(store);
    expect(byHash(splitsOf(fourth))).toEqual(byHash(splitsOf(third)));
    expect(fourth.splitSnapshot).toBe(2);
  });
});

describe('a dataset that was trained on before splits were fixed', () => {
  it.each([
    ['by its models', (store: ObjectStore) => manifestOf(store, 'pets'), {}],
    ['by its job that goes on', async () => undefined, { hasTrained: true }],
  ])('keeps its split, %s, and new pictures fill the shares', async (_, plant, options) => {
    const store = await storeOf(await makePictures({ cat: 45, dog: 45 }));
    await plant(store);
    const first = await train(store, options);
    expect(byHash(splitsOf(first))).toEqual(byHash(byThreshold(first)));
    await store.delete(keys.modelFile('old', '1', 'manifest.json'));
    await addCats(store, 500, 155);
    const second = await train(store);
    for (const [hash, split] of splitsOf(first)) expect(splitsOf(second).get(hash)).toBe(split);
    expect(summarizeClasses(second)[0]).toEqual({ label: 'cat', train: 150, validation: 30, test: 20 });
  });

  it('is told from one that has models of other datasets, or of its first fixed split', async () => {
    const store = await storeOf(await makePictures({ cat: 45, dog: 45 }));
    await manifestOf(store, 'others');
    expect(summarizeClasses(await train(store))[0]).toEqual({
      label: 'cat',
      train: 34,
      validation: 7,
      test: 4,
    });
    await manifestOf(store, 'pets');
    expect(summarizeClasses(await train(store, { split: OTHER_SPLIT }))[0]).toMatchObject({ train: 34 });
  });
});
