// The pictures of a snapshot, found again by their content.

import { describe, expect, it } from 'vitest';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { groupFindings } from '../../../core/dataset/group-findings.ts';
import { type InspectDatasetOptions, inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { makePicture, makePictures, storeOf } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };
const PREFIX = 'datasets/pets/';
const inspect = (store: ObjectStore, options: Partial<InspectDatasetOptions> = {}) =>
  inspectDataset(store, 'pets', { split: SPLIT, ...options });

async function seenDataset() {
  const store = await storeOf(await makePictures({ cat: 12, dog: 12 }));
  const before = await inspect(store, { fixesSplit: true });
  await recordSnapshot(store, before);
  const move = async (from: string, to: string) => {
    await store.put(`${PREFIX}${to}`, (await store.get(`${PREFIX}${from}`))?.body ?? '');
    await store.delete(`${PREFIX}${from}`);
  };
  return { store, before, move, seen: before.contentHash };
}

describe('a snapshot of a dataset', () => {
  it('gives the same pictures with their labels and splits, wherever they are and whatever came since', async () => {
    const { store, before, move, seen } = await seenDataset();
    await move('cat/1.png', 'dog/was-a-cat.png');
    await move('cat/2.png', 'cat/deep/er/2.png');
    await move('dog/3.png', 'beside-the-classes.png');
    await store.put(`${PREFIX}cat/new.png`, await makePicture(900));
    await store.put(`${PREFIX}cat/broken.png`, 'x');
    await store.put(`${PREFIX}owl/copy.png`, (await store.get(`${PREFIX}dog/5.png`))?.body ?? '');
    const after = await inspect(store, { seen, tidies: true });
    expect(after.contentHash).toBe(seen);
    expect(after.findings).toEqual([]);
    const facts = ({ items, classes }: typeof after) =>
      items.map((item) => [item.contentHash, classes[item.classIndex], item.split]).sort();
    expect(facts(after)).toEqual(facts(before));
    expect(after.items.map(({ key }) => key)).toContain(`${PREFIX}beside-the-classes.png`);
  });

  it('names each picture that is gone: by its file as long as that is known, and by its bytes', async () => {
    const { store, before, seen } = await seenDataset();
    for (const name of ['cat/1.png', 'dog/2.png']) await store.delete(`${PREFIX}${name}`);
    const after = await inspect(store, { seen });
    expect(after.items).toHaveLength(22);
    expect(after.contentHash).not.toBe(seen);
    expect(after.findingCounts).toEqual({ 'picture-gone': 2 });
    for (const name of ['cat/1.png', 'dog/2.png']) {
      const { contentHash, split } = before.items.find(({ key }) => key === `${PREFIX}${name}`) ?? {};
      const finding = after.findings.find(({ key }) => key === `${PREFIX}${name}`);
      expect(finding).toMatchObject({ code: 'picture-gone', severity: 'warning' });
      expect(finding?.contentId).toBe(contentHash?.slice(0, 32));
      // Messages are kept by events of jobs, which no deletion clears.
      expect(finding?.message).toContain(`, ${split})`);
      for (const { message } of groupFindings(after)) expect(message).not.toMatch(/[0-9a-f]{16}/);
    }
    // An inspection of the whole dataset forgets files that are gone.
    await inspect(store, { tidies: true });
    const later = await inspect(store, { seen });
    expect(later.findings.map(({ key }) => key).toSorted()).toEqual([`${PREFIX}cat/`, `${PREFIX}dog/`]);
    expect(later.contentHash).toBe(after.contentHash);
  });

  it('is refused where the dataset has none of that id', async () => {
    const { store } = await seenDataset();
    await expect(inspect(store, { seen: 'a'.repeat(64) })).rejects.toMatchObject({
      code: 'dataset-snapshot-not-found',
    });
  });
});
